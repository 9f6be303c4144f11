import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { setImmediate as soon } from 'node:timers/promises'
import { GatewayError } from '../../src/errors.js'
import { UnansweredWork, type WorkOwner } from '../../src/message/blame.js'
import { ResponseMessage } from '../../src/message/response.js'

function ownerOf(log: string[], name: string): WorkOwner {
  return {
    failed(cause) {
      log.push(`${name}: ${(cause as Error).message}`)
      return new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: name, cause })
    },
    late: limit => void log.push(`${name}: ${limit}`)
  }
}

const nothing = { openedBody: undefined }

describe('a stage that breaks', () => {
  const breaks = {
    chunk(): never {
      throw new Error('it broke')
    }
  }

  it("is its owner's, whatever was given before and after", async () => {
    const log: string[] = []
    const { body } = ResponseMessage.text('x')
    body.transform({ chunk: chunk => chunk })
    body.claim(ownerOf(log, 'first'))
    body.transform(breaks)
    assert.equal(body.unclaimed, true)
    body.claim(ownerOf(log, 'second'))
    assert.equal(body.unclaimed, false)
    body.tap(() => {})
    await assert.rejects(body.buffer(), { message: 'second' })
    assert.deepEqual(log, ['second: it broke'])
  })

  it('without an owner is said to be a stage', async () => {
    const { body } = ResponseMessage.text('x')
    body.transform(breaks)
    body.claim(undefined)
    await assert.rejects(body.buffer(), { code: 'SLUICE_ERR_PLUGIN_FAILED', message: 'a body stage failed' })
  })

  it('is found among token stages although others catch what comes out of push', async () => {
    const log: string[] = []
    const { body } = ResponseMessage.text('[1]')
    body.tokens({
      token(t, push) {
        try {
          push(t)
        } catch (error) {
          if ((error as Error).message !== 'caught') throw error
          push({ name: 'nullValue', value: null })
        }
      }
    })
    body.claim(ownerOf(log, 'catching'))
    let calls = 0
    body.tokens({
      token(t, push) {
        if (++calls === 2) throw new Error('caught')
        push(t)
      }
    })
    body.claim(ownerOf(log, 'caught'))
    body.tokens({
      token(t, push) {
        if (t.name === 'endArray') throw new Error('it broke')
        push(t)
      }
    })
    body.claim(ownerOf(log, 'last'))
    await assert.rejects(body.buffer())
    assert.deepEqual(log.length, 1)
    assert.match(log[0]!, /^last: it broke$/)
  })
})

describe('answers that do not come', () => {
  it('are named once, unless they came or wait themselves', async () => {
    const log: string[] = []
    const exchange: { unanswered: UnansweredWork | undefined } = { unanswered: undefined }
    const begin = (name: string, inside?: Promise<unknown>): UnansweredWork =>
      new UnansweredWork(ownerOf(log, name), undefined, nothing, inside, undefined).begin(exchange)
    const first = begin('first')
    begin('idle')
    begin('waits', new Promise(() => {}))
    begin('heard', Promise.resolve(ResponseMessage.empty()))
    begin('refused', Promise.reject(new Error('no')))
    begin('came').end(exchange)
    first.end(exchange)
    for (let times = 0; times < 2; times++) {
      UnansweredWork.nameLate(exchange, 'timeout=1ms')
      await soon()
    }
    assert.deepEqual(log.sort(), ['heard: timeout=1ms', 'idle: timeout=1ms', 'refused: timeout=1ms'])
  })

  it('are forgotten when they come, in any order', () => {
    const exchange: { unanswered: UnansweredWork | undefined } = { unanswered: undefined }
    const all = [1, 2, 3].map(() => new UnansweredWork(ownerOf([], ''), undefined, nothing, undefined, undefined).begin(exchange))
    all[1]!.end(exchange)
    all[0]!.end(exchange)
    assert.equal(exchange.unanswered, all[2])
    all[2]!.end(exchange)
    assert.equal(exchange.unanswered, undefined)
  })
})

it('a body is awaited while its reader has nothing to read', async () => {
  const source = new PassThrough()
  const { body } = ResponseMessage.stream(source)
  assert.equal(body.awaited, false)
  const read = body.stream()
  assert.equal(body.awaited, false)
  read.on('data', () => {})
  await soon()
  assert.equal(body.awaited, true)
  source.end('x')
  await soon()
  assert.equal(body.awaited, false)
})
