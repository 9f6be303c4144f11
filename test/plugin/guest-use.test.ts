/** What the gateway offers to guests beyond `sluice/plugin`: no redirects, responses made as a whole, one call when all is over. */

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import type { GatewayError } from '../../src/errors.js'
import { internals } from '../../src/message/internals.js'
import { PushSource } from '../../src/message/push-source.js'
import { ResponseMessage } from '../../src/message/response.js'
import { ENDED } from '../../src/message/scope.js'
import { GatewayResponse } from '../../src/plugin/index.js'
import { deferred, once, within } from '../support/waiting.js'
import { bodyOf, handlers, json, LEVELS, openAt, startUpstream } from './support.js'

describe('followsRedirects', () => {
  const redirecting = (): Parameters<typeof startUpstream>[1] => (req, res) => {
    if (req.url === '/there') return res.end('there')
    res.writeHead(302, { Location: '/there' }).end('moved')
  }

  test('a plugin decides for each call, also through a clone and further plugins', async t => {
    const up = await startUpstream(t, redirecting())
    const module = handlers({
      inner: (_c, _e, next) => request => next(request),
      outer: (_c, _e, next) => async request => {
        internals(request).followsRedirects = request.query !== 'stay'
        return next(request.clone())
      }
    })
    const { gateway } = await openAt(t, up.host, { level: 'backend', names: ['inner', 'outer'] }, [module])
    const followed = await gateway.request({ path: '/x' })
    assert.deepEqual([followed.status, followed.text()], [200, 'there'])
    const stayed = await gateway.request({ path: '/x?stay' })
    assert.deepEqual([stayed.status, stayed.headers.location, stayed.text()], [302, '/there', 'moved'])
  })
})

describe('a response made as a whole', () => {
  const FIELDS = ['ETag', '"strong"', 'Accept-Ranges', 'bytes', 'Content-Digest', 'sha-256=:x:', 'X-A', '1', 'X-A', '2']

  for (const level of LEVELS) {
    test(`${level}: keeps the fields that describe its body, drops framing`, async t => {
      const up = await startUpstream(t, json({}))
      const module = handlers({
        makes: () => () => ResponseMessage.made(200, [...FIELDS, 'Content-Length', '99', 'Connection', 'x'], Buffer.from('body'))
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['makes'] }, [module])
      const { headers, text } = await gateway.request({ path: '/x' })
      assert.equal(text(), 'body')
      assert.deepEqual(
        [headers.etag, headers['accept-ranges'], headers['content-digest'], headers['x-a'], headers['content-length']],
        ['"strong"', 'bytes', 'sha-256=:x:', '1, 2', '4']
      )
    })
  }

  test('a pushed body flows as it comes, with its trailers, and breaks off when its plugin fails', async t => {
    const up = await startUpstream(t, json({}))
    const made: PushSource[] = []
    const module = handlers({
      pushes: () => () => {
        const source = new PushSource({ drained() {}, gone() {} })
        made.push(source)
        return ResponseMessage.made(200, [], source)
      }
    })
    const { origin } = await openAt(t, up.host, { level: 'endpoint', names: ['pushes'] }, [module])
    const answer = await within('the head', fetch(`${origin}/x`))
    const reader = answer.body!.getReader()
    made[0]!.push(Buffer.from('a'))
    assert.equal(Buffer.from((await within('a chunk', reader.read())).value!).toString(), 'a')
    made[0]!.fail(new Error('panic'))
    await assert.rejects(within('the cut', reader.read()))
  })

  test('a plugin further out that drops it lets its source go', async t => {
    const up = await startUpstream(t, json({}))
    const gone = deferred<GatewayError>('the source to be let go')
    const module = handlers({
      makes: () => () => ResponseMessage.made(200, [], new PushSource({ drained() {}, gone: gone.resolve })),
      drops: (_c, _e, next) => async request => {
        await next(request)
        return GatewayResponse.text('other')
      }
    })
    const { gateway } = await openAt(t, up.host, { level: 'endpoint', names: ['makes', 'drops'] }, [module])
    assert.equal((await gateway.request({ path: '/x' })).text(), 'other')
    await gone.promise
  })

  test('refuses statuses that are none', () => {
    assert.throws(() => ResponseMessage.made(99, [], undefined), RangeError)
  })
})

describe('a pushed request body', () => {
  test('replaces the one that came, in pieces', async t => {
    const got: string[] = []
    const up = await startUpstream(t, async (req, res) => {
      got.push(await bodyOf(req))
      res.end('ok')
    })
    const module = handlers({
      replaces: (_c, _e, next) => request => {
        const source = new PushSource({ drained() {}, gone() {} })
        internals(request.body).put(source)
        source.push(Buffer.from('one '))
        setImmediate(() => {
          source.push(Buffer.from('two'))
          source.end()
        })
        return next(request)
      }
    })
    for (const level of ['endpoint', 'backend'] as const) {
      const { gateway } = await openAt(t, up.host, { level, names: ['replaces'], method: 'POST' }, [module])
      assert.equal((await gateway.request({ method: 'POST', path: '/x', body: 'old' })).status, 200)
    }
    assert.deepEqual(got, ['one two', 'one two'])
  })
})

describe('onOver', () => {
  for (const level of LEVELS) {
    test(`${level}: called once at the end of an exchange, or not when taken back`, async t => {
      const up = await startUpstream(t, json({}))
      const reasons: GatewayError[] = []
      const over = deferred('the end of the exchange')
      const module = handlers({
        watches: (_c, _e, next) => request => {
          const back = { cancel: () => assert.fail('taken back') }
          internals(request).onOver(back)
          internals(request).offOver(back)
          internals(request).onOver({
            cancel(reason) {
              reasons.push(reason)
              over.resolve()
            }
          })
          return next(request)
        }
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['watches'] }, [module])
      await gateway.request({ path: '/x' })
      await over.promise
      assert.deepEqual(reasons, [ENDED])
    })

    test(`${level}: called when the client leaves`, async t => {
      const reached = deferred('the request at the upstream')
      const up = await startUpstream(t, () => reached.resolve())
      const reasons: GatewayError[] = []
      const over = deferred('the end of the exchange')
      const module = handlers({
        watches: (_c, _e, next) => request => {
          internals(request).onOver({
            cancel(reason) {
              reasons.push(reason)
              over.resolve()
            }
          })
          return next(request)
        }
      })
      const { port } = await openAt(t, up.host, { level, names: ['watches'] }, [module])
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      await reached.promise
      socket.destroy()
      await over.promise
      assert.deepEqual(
        reasons.map(one => one === ENDED),
        [false]
      )
    })
  }

  test('called when the deadline passes, and at once when all is over', async t => {
    const up = await startUpstream(t, () => {})
    const reasons: (string | undefined)[] = []
    const late = deferred('a late watcher')
    const module = handlers({
      watches: (_c, _e, next) => request => {
        internals(request).onOver({
          cancel(reason) {
            reasons.push(reason.limit)
            internals(request).onOver({ cancel: () => late.resolve() })
          }
        })
        return next(request)
      }
    })
    const { gateway } = await openAt(t, up.host, { level: 'backend', names: ['watches'], endpoint: { timeout: '50ms' } }, [
      module
    ])
    assert.equal((await gateway.request({ path: '/x' })).status, 500)
    await late.promise
    assert.deepEqual(reasons, ['timeout=50ms'])
  })
})
