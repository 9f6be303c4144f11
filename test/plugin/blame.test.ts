/** Whose stage, stream or silence it was: the plugin that gave it is named, once, and no other. */

import assert from 'node:assert/strict'
import { PassThrough, Readable, Transform } from 'node:stream'
import { describe, test } from 'node:test'
import { type Body, GatewayResponse, type HandlerFactory, type ModifierFactory } from '../../src/plugin/index.js'
import { RawClient } from '../server/raw-client.js'
import type { KeptLines } from '../support/open-gateway.js'
import { passTime } from '../support/time.js'
import { bodyOf, handlers, LEVELS, type Level, modifiers, openAt, startUpstream } from './support.js'

const JSON_TEXT = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => i))

/** Lines that name a plugin. */
const naming = (log: KeptLines): string[] => log.lines.filter(line => /ERROR: .*\[Plugin: /.test(line))

/** `late` = when most of the body has passed. */
type Break = (body: Body, late: boolean) => void

function thrower(late: boolean): () => void {
  let calls = 0
  return () => {
    if (!late || ++calls > 1) throw new Error('it broke')
  }
}

const BREAKS: Readonly<Record<string, Break>> = {
  'a tap': (body, late) => body.tap(thrower(late)),
  'the end of a tap': body =>
    body.tap({
      chunk() {},
      end() {
        throw new Error('it broke')
      }
    }),
  'a byte stage': (body, late) => {
    const perhaps = thrower(late)
    body.transform({
      chunk: chunk => {
        perhaps()
        return chunk
      }
    })
  },
  'a Node Transform': (body, late) => {
    const perhaps = thrower(late)
    body.transform(
      new Transform({
        transform(chunk, _encoding, done) {
          try {
            perhaps()
            done(null, chunk)
          } catch (error) {
            done(error as Error)
          }
        }
      })
    )
  },
  'a token stage': (body, late) => {
    let seen = 0
    body.tokens({
      token: (t, push) => {
        if (++seen > (late ? 15_000 : 0)) throw new Error('it broke')
        push(t)
      }
    })
  },
  'the end of a token stage': body =>
    body.tokens({
      token: (t, push) => push(t),
      end() {
        throw new Error('it broke')
      }
    }),
  'a stream': (body, late) =>
    body.set(
      Readable.from(
        (async function* () {
          if (late) yield Buffer.from('[1,2,')
          throw new Error('it broke')
        })()
      )
    )
}

/** Works with a body and does nothing wrong. */
const careful: HandlerFactory = (_c, _e, next) => async request => {
  request.body.transform({ chunk: chunk => chunk })
  const response = await next(request)
  response.body.tap(() => {})
  response.body.transform({ chunk: chunk => chunk })
  response.body.tokens({ token: (t, push) => push(t) })
  return response
}

const breaker = (side: 'request' | 'response', work: Break, late: boolean): HandlerFactory => {
  return (_c, _e, next) => async request => {
    if (side === 'request') work(request.body, late)
    const response = await next(request)
    if (side === 'response') work(response.body, late)
    return response
  }
}

async function post(port: number): Promise<string> {
  const client = await RawClient.open(port)
  client.send(
    `POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${JSON_TEXT.length}\r\n\r\n${JSON_TEXT}`
  )
  return client.ended()
}

const upstream = (t: Parameters<typeof startUpstream>[0]): ReturnType<typeof startUpstream> =>
  startUpstream(t, async (request, response) => {
    await bodyOf(request).catch(() => {})
    response.setHeader('Content-Type', 'application/json')
    for (let at = 0; at < JSON_TEXT.length; at += 30_000) {
      response.write(JSON_TEXT.slice(at, at + 30_000))
      await new Promise(setImmediate)
    }
    response.end()
  })

async function breaks(level: Level, side: 'request' | 'response', work: Break, late: boolean, t: Parameters<typeof upstream>[0]) {
  const up = await upstream(t)
  const module = handlers({ careful, culprit: breaker(side, work, late), other: careful })
  const at = { level, names: ['careful', 'culprit', 'other'], method: 'POST' }
  const { port, gateway, log } = await openAt(t, up.host, at, [module])
  const heard = await post(port)
  assert.ok(!heard.includes('it broke'))
  assert.ok(!heard.endsWith('0\r\n\r\n') && !heard.endsWith(']'))
  const line = await log.line(/\[Plugin: .*it broke/)
  assert.match(line, /ERROR: .*\[Plugin: culprit\] plugins\[0\]: Error: it broke/)
  assert.equal(await gateway.close({ graceMs: 60_000 }), true)
  assert.equal(naming(log).length, 1, naming(log).join('\n'))
}

for (const level of LEVELS)
  describe(`among others at ${level} scope the plugin that broke a body is named:`, () => {
    for (const [what, work] of Object.entries(BREAKS))
      for (const side of ['request', 'response'] as const)
        for (const late of what.startsWith('the end') ? [false] : [false, true])
          test(`${what} of a ${side}${late ? ', after it had begun' : ''}`, t => breaks(level, side, work, late, t))
  })

describe('a modifier', () => {
  const open = (t: Parameters<typeof upstream>[0], host: string, culprit: ModifierFactory, more: object = {}) =>
    openAt(t, host, { level: 'endpoint', names: ['before', 'culprit', 'after'], modifier: true, ...more }, [
      modifiers({ before: { request() {}, async response() {} }, culprit, after: { async request() {}, response() {} } })
    ])

  for (const [what, culprit] of Object.entries<ModifierFactory>({
    'a stage': () => ({ response: response => BREAKS['a byte stage']!(response.body, true) }),
    'a stream that it answers from a response': () => ({
      response: () => {
        const source = new PassThrough()
        source.write('begun')
        setImmediate(() => source.destroy(new Error('it broke')))
        return GatewayResponse.stream(source)
      }
    }),
    'a stream that it answers from a request': () => ({
      request: () => {
        const source = new PassThrough()
        source.write('begun')
        setImmediate(() => source.destroy(new Error('it broke')))
        return GatewayResponse.stream(source)
      }
    })
  }))
    test(`is named when ${what} breaks`, async t => {
      const up = await upstream(t)
      const { port, log } = await open(t, up.host, culprit)
      const client = await RawClient.open(port)
      client.send('GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      // cut: what was written in the same tick may be lost with the connection
      assert.match(await client.ended(), /^(HTTP\/1\.1 200 |$)/)
      await log.line(/ERROR: .*\[Plugin: culprit\] .*it broke/)
      assert.equal(naming(log).length, 1)
    })

  for (const side of ['request', 'response'] as const)
    test(`is named when it does not come to an end with a ${side}`, async t => {
      const up = await upstream(t)
      const silent = (): Promise<void> => {
        void passTime(60_000)
        return new Promise(() => {})
      }
      const { gateway, log } = await open(t, up.host, () => ({ [side]: silent }), { endpoint: { timeout: '60s' } })
      assert.equal((await gateway.request({ path: '/x' })).status, 500)
      await log.line(/ERROR: .*\[Plugin: culprit\] .*has not answered within timeout=60000ms/)
      assert.equal(naming(log).length, 1)
    })
})

describe('when time is over', () => {
  const waiting: HandlerFactory = (_c, _e, next) => async request => {
    await Promise.resolve()
    return await next(request)
  }
  const silent: HandlerFactory = () => () => new Promise<never>(() => {})

  for (const level of LEVELS) {
    const time = level === 'service' ? { own: { timeout: '80ms' } } : { endpoint: { timeout: '80ms' } }

    test(`the one at ${level} scope that does not answer is named, not those that wait for it`, async t => {
      const up = await upstream(t)
      const passing: HandlerFactory = (_c, _e, next) => request => next(request)
      const twice: HandlerFactory = (_c, _e, next) => request => Promise.race([next(request), next(request.clone())])
      const late: HandlerFactory = (_c, _e, next) => async request => {
        await null
        return await next(request.clone())
      }
      const module = handlers({ silent, waiting, passing, twice, late })
      const names = ['silent', 'waiting', 'passing', 'late', 'waiting', 'twice']
      const { gateway, log } = await openAt(t, up.host, { level, names, ...time }, [module])
      assert.equal((await gateway.request({ path: '/x' })).status, 500)
      await log.line(/ERROR: .*\[Plugin: silent\] .*has not answered within .*timeout=80ms/)
      await gateway.close({ graceMs: 1000 })
      assert.ok(naming(log).every(line => line.includes('silent')))
    })

    const slow: Readonly<Record<string, HandlerFactory>> = {
      'its call': waiting,
      'the body of its call': (_c, _e, next) => async request => {
        const response = await next(request)
        await response.body.text()
        return response
      },
      'chunks of the body of its call': (_c, _e, next) => async request => {
        const response = await next(request)
        for await (const _ of response.body.stream());
        return response
      },
      'several calls': (_c, _e, next) => async request => {
        await Promise.all([next(request), next(request.clone()), next(request.clone())].map(one => one.then(r => r.body.json())))
        return GatewayResponse.empty()
      },
      'the client': (_c, _e, next) => async request => {
        await request.body.text()
        return next(request)
      }
    }
    for (const [what, factory] of Object.entries(slow))
      test(`no plugin at ${level} scope is named that waits for ${what}`, async t => {
        const up = await startUpstream(t, (_request, response) => {
          if (what !== 'its call') response.write('begun')
        })
        const client = what === 'the client'
        const at = { level, names: ['patient'], method: client ? 'POST' : 'GET', ...time }
        const { port, gateway, log } = await openAt(t, up.host, at, [handlers({ patient: factory })])
        const raw = await RawClient.open(port)
        raw.send(
          `${client ? 'POST' : 'GET'} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${client ? 9 : 0}\r\n\r\n`
        )
        assert.match(await raw.ended(), /^HTTP\/1\.1 500 /)
        await gateway.close({ graceMs: 1000 })
        assert.deepEqual(naming(log), [])
      })
  }

  test('each that does not answer below a merge is named', async t => {
    const up = await upstream(t)
    const { gateway, log } = await openAt(
      t,
      up.host,
      {
        level: 'endpoint',
        names: ['waiting'],
        encoding: 'json',
        endpoint: {
          timeout: '80ms',
          backend: ['silent', 'waiting'].map(name => ({
            host: [up.host],
            url_pattern: '/y',
            is_collection: true,
            extra_config: { 'plugin/http-client': { name } }
          }))
        }
      },
      [handlers({ silent, waiting })]
    )
    assert.equal((await gateway.request({ path: '/x' })).status, 500)
    await log.line(/ERROR: \[BACKEND: .*\[Plugin: silent\] .*has not answered within timeout=80ms/)
    await gateway.close({ graceMs: 1000 })
    assert.equal(naming(log).length, 1)
  })
})

test('who reads a body that his own stage breaks is named, and he may catch it', async t => {
  const up = await upstream(t)
  const module = handlers({
    culprit: (_c, extra, next) => async request => {
      const response = await next(request)
      BREAKS['a byte stage']!(response.body, false)
      const text = response.body.text()
      return extra.caught ? text.then(() => response).catch(() => GatewayResponse.text('caught')) : text.then(() => response)
    }
  })
  for (const caught of [false, true]) {
    const { gateway, log } = await openAt(t, up.host, { level: 'endpoint', names: ['culprit'], own: { caught } }, [module])
    const answer = await gateway.request({ path: '/x' })
    assert.equal(answer.status, caught ? 200 : 500)
    if (!caught) await log.line(/ERROR: .*\[Plugin: culprit\] .*it broke/)
    await gateway.close({ graceMs: 1000 })
    assert.equal(naming(log).length, caught ? 0 : 1)
  }
})
