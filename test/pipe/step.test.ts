import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayResponse } from '../../src/message/response.js'
import type { ResponseReceiver } from '../../src/pipe/receiver.js'
import { awaited, betweenSenders, promised, type Sender, through } from '../../src/pipe/step.js'
import { requestOf } from '../support/request.js'

/** Notes what it hears. */
class Heard implements ResponseReceiver {
  readonly calls: unknown[] = []
  receive(response: GatewayResponse): void {
    this.calls.push(response.status)
  }
  reject(error: unknown): void {
    this.calls.push((error as Error).message)
  }
}

const answering = (status: number): Sender => {
  return (_request, receiver) => receiver.receive(GatewayResponse.empty(status))
}
const failing: Sender = (_request, receiver) => receiver.reject(new Error('gone'))
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('a sender', () => {
  test('and its form with promises say the same', async () => {
    assert.equal((await promised(answering(204))(requestOf())).status, 204)
    await assert.rejects(promised(failing)(requestOf()), /gone/)
  })

  test('made of a function tells of its promise, and of what it throws', async () => {
    const heard = new Heard()
    awaited(async () => GatewayResponse.empty(204))(requestOf(), heard)
    awaited(() => Promise.reject(new Error('rejected')))(requestOf(), heard)
    awaited(() => {
      throw new Error('thrown')
    })(requestOf(), heard)
    assert.deepEqual(heard.calls, ['thrown'])
    await turn()
    assert.deepEqual(heard.calls, ['thrown', 204, 'rejected'])
  })

  test('hands its answer through a step while the call still runs', () => {
    const heard = new Heard()
    through(answering(201), response => response)(requestOf(), heard)
    through(answering(201), () => GatewayResponse.empty(202))(requestOf(), heard)
    assert.deepEqual(heard.calls, [201, 202])
  })

  test('waits for a step that answers a promise', async () => {
    const heard = new Heard()
    through(answering(201), async () => GatewayResponse.empty(203))(requestOf(), heard)
    through(answering(201), () => Promise.reject(new Error('late')))(requestOf(), heard)
    assert.deepEqual(heard.calls, [])
    await turn()
    assert.deepEqual(heard.calls, [203, 'late'])
  })

  test('passes a failure by its steps, and makes a failure of what a step throws', () => {
    const heard = new Heard()
    const asked: string[] = []
    through(failing, response => {
      asked.push('asked')
      return response
    })(requestOf(), heard)
    through(answering(200), () => {
      throw new Error('broken')
    })(requestOf(), heard)
    assert.deepEqual([heard.calls, asked], [['gone', 'broken'], []])
  })

  test('takes a stage that knows promises alone', async () => {
    const heard = new Heard()
    const stage = betweenSenders(next => async asked => {
      const response = await next(asked)
      response.status += 1
      return response
    })
    stage(answering(200))(requestOf(), heard)
    stage(failing)(requestOf(), heard)
    await turn()
    await turn()
    assert.deepEqual(heard.calls, [201, 'gone'])
  })
})
