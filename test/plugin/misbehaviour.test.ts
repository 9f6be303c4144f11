/** What a plugin may do wrong: its exchange ends as it must, it is named in the log, the gateway lives on, no call stays open. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { internals } from '../../src/message/internals.js'
import { GatewayResponse, type Handler, type HandlerFactory } from '../../src/plugin/index.js'
import { RawClient } from '../server/raw-client.js'
import { passTime } from '../support/time.js'
import { once } from '../support/waiting.js'
import { bodyOf, handlers, LEVELS, openAt, startUpstream } from './support.js'

const TEXT = 'x'.repeat(200_000)

interface Misdeed {
  readonly what: string
  readonly factory: HandlerFactory
  /** Status of the answer; `cut` = the head and then the end of the connection. */
  readonly ends: number | 'cut'
  /** What the log says beside the plugin's name. */
  readonly logged: string
}

/** Name, file and cause. */
const named = (cause: string): RegExp => new RegExp(`ERROR: .*\\[Plugin: culprit\\] .*plugins\\[0\\]: .*${cause}`)

/** Never settles, and its deadline comes at once. */
const hang = (): Promise<never> => {
  void passTime(60_000)
  return new Promise(() => {})
}

const constant = GatewayResponse.text('once')

const MISDEEDS: readonly Misdeed[] = [
  {
    what: 'throws',
    factory: () => () => {
      throw new Error('at once')
    },
    ends: 500,
    logged: 'at once'
  },
  { what: 'rejects', factory: () => async () => Promise.reject(new Error('later')), ends: 500, logged: 'later' },
  {
    what: 'rejects after it got an answer',
    factory: (_c, _e, next) => request => next(request).then(() => Promise.reject(new Error('too late'))),
    ends: 500,
    logged: 'too late'
  },
  {
    what: 'answers a stream that breaks',
    factory: (_c, _e, next) => async request => {
      await next(request)
      return GatewayResponse.stream(
        (async function* () {
          yield Buffer.from('begun')
          throw new Error('stream broke')
        })()
      )
    },
    ends: 'cut',
    logged: 'stream broke'
  },
  {
    what: 'fails in a stage after the head was sent',
    factory: (_c, _e, next) => async request => {
      const response = await next(request)
      let seen = 0
      response.body.transform({
        chunk: chunk => {
          seen += chunk.length
          if (seen > 100_000) throw new Error('stage broke')
          return chunk
        }
      })
      return response
    },
    ends: 'cut',
    logged: 'stage broke'
  },
  {
    what: 'answers one response twice',
    factory: () => () => constant,
    ends: 500,
    logged: 'a response of another request'
  }
]

for (const level of LEVELS) {
  describe(`a plugin at ${level} scope that`, () => {
    for (const { what, factory, ends, logged } of MISDEEDS)
      test(`${what} ends its exchange alone and is named`, async t => {
        const up = await startUpstream(t, (_request, response) => response.end(TEXT))
        let bad = true
        const module = handlers({
          culprit: (context, extra, next) => {
            const handler = factory(context, extra, next) as Handler
            return request => (bad ? handler(request) : next(request))
          }
        })
        const { port, gateway, log } = await openAt(t, up.host, { level, names: ['culprit'] }, [module])
        if (what.includes('twice')) internals(constant).usedBy = {} as never
        const client = await RawClient.open(port)
        client.send('GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        const heard = await client.ended()
        assert.match(heard, ends === 'cut' ? /^HTTP\/1\.1 200 / : new RegExp(`^HTTP/1\\.1 ${ends} `))
        if (ends === 'cut') assert.ok(!heard.endsWith('0\r\n\r\n'))
        assert.ok(!heard.includes(logged))
        await log.line(named(logged))
        await Promise.all([...up.open].map(response => once(response, 'close')))
        bad = false
        assert.equal((await gateway.request({ path: '/x' })).body.length, TEXT.length)
        assert.equal(await gateway.close({ graceMs: 60_000 }), true)
        assert.equal(log.lines.filter(line => named('').test(line)).length, 1)
      })

    test('never answers is answered for when its time is over, and named', async t => {
      const up = await startUpstream(t, (_request, response) => response.end(TEXT))
      const module = handlers({ culprit: (_c, _e, next) => request => next(request).then(hang) })
      const time = level === 'service' ? { own: { timeout: '20s' } } : { endpoint: { timeout: '20s' } }
      const { gateway, log } = await openAt(t, up.host, { level, names: ['culprit'], ...time }, [module])
      assert.equal((await gateway.request({ path: '/x' })).status, 500)
      await log.line(named('has not answered within .*timeout=20000ms'))
      await Promise.all([...up.open].map(response => once(response, 'close')))
      assert.equal(await gateway.close({ graceMs: 60_000 }), true)
    })

    test('reads nothing of an upload lets it pass', async t => {
      const up = await startUpstream(t, async (request, response) => response.end(String((await bodyOf(request)).length)))
      const module = handlers({ idle: (_c, _e, next) => async request => next(request) })
      const { gateway } = await openAt(t, up.host, { level, names: ['idle'], method: 'POST' }, [module])
      assert.equal((await gateway.request({ path: '/x', method: 'POST', body: TEXT })).text(), String(TEXT.length))
      assert.equal(up.open.size, 0)
    })

    test('answers while an upload runs has its answer heard, and the connection ends', async t => {
      const up = await startUpstream(t, (_request, response) => response.end())
      const module = handlers({ hasty: () => () => GatewayResponse.text('enough', 413) })
      const { port, gateway } = await openAt(t, up.host, { level, names: ['hasty'], method: 'POST' }, [module])
      const client = await RawClient.open(port)
      client.send('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegun')
      const heard = await client.ended()
      assert.match(heard, /^HTTP\/1\.1 413 /)
      assert.match(heard, /enough$/)
      assert.deepEqual(up.calls, [])
      assert.equal(await gateway.close({ graceMs: 60_000 }), true)
    })
  })
}
