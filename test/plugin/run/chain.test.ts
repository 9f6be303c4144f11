import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { GatewayError, GatewayResponse, type HandlerFactory } from '../../../src/plugin/index.js'
import { deferred, once } from '../../support/waiting.js'
import { bodyOf, handlers, json, LEVELS, openAt, passOn, startUpstream } from '../support.js'

const marks = (name: string): HandlerFactory => {
  return (_context, _extra, next) => async request => {
    request.headers.append('X-Way', name)
    const response = await next(request)
    response.headers.append('X-Back', name)
    return response
  }
}

for (const level of LEVELS) {
  describe(`handler chain at ${level} scope`, () => {
    test('the last listed sees the request first and the answer last', async t => {
      const seen: (string | string[] | undefined)[] = []
      const up = await startUpstream(t, (req, res) => {
        seen.push(req.headers['x-way'])
        json({ ok: true })(req, res)
      })
      const module = handlers({ a: marks('a'), b: marks('b'), p: passOn, c: marks('c') })
      const { gateway } = await openAt(t, up.host, { level, names: ['a', 'p', 'b', 'c'] }, [module])
      const answer = await gateway.request({ path: '/x' })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['x-back'], 'a, b, c')
      assert.deepEqual(seen, ['c, b, a'])
    })

    test('a handler that answers by itself keeps everything further in from being called', async t => {
      const up = await startUpstream(t, json({}))
      const module = handlers({ a: marks('a'), stop: () => () => GatewayResponse.text('stopped', 403), b: marks('b') })
      const { gateway } = await openAt(t, up.host, { level, names: ['a', 'stop', 'b'] }, [module])
      const answer = await gateway.request({ path: '/x' })
      assert.equal(answer.status, 403)
      assert.equal(answer.text(), 'stopped')
      assert.equal(answer.headers['x-back'], 'b')
      assert.deepEqual(up.calls, [])
    })

    test('who passes on what next answered and listens to it as well edits what is sent', async t => {
      const up = await startUpstream(t, json({ ok: true }))
      const module = handlers({
        listens: (_c, _e, next) => request => {
          const answer = next(request)
          void answer.then(response => response.headers.set('X-Heard', 'yes'))
          return answer
        }
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['listens', 'p'] }, [module, handlers({ p: passOn })])
      for (let i = 0; i < 3; i++) {
        const answer = await gateway.request({ path: '/x' })
        assert.equal(answer.headers['x-heard'], 'yes')
        assert.deepEqual(JSON.parse(answer.text()), { ok: true })
      }
    })

    test('fields edited when next has been called are not sent with that call, and are with the one after', async t => {
      const seen: (string | string[] | undefined)[] = []
      const up = await startUpstream(t, (req, res) => {
        seen.push(req.headers['x-late'])
        json({ ok: true })(req, res)
      })
      const module = handlers({
        twice: (_c, _e, next) => async request => {
          const answer = next(request)
          request.headers.set('X-Late', 'yes')
          const first = await answer
          first.discard()
          return next(request)
        }
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['twice'] }, [module])
      assert.equal((await gateway.request({ path: '/x' })).status, 200)
      assert.deepEqual(seen, [undefined, 'yes'])
    })

    test('state and signal are one per exchange, and addresses are there', async t => {
      const up = await startUpstream(t, json({}))
      const found: unknown[] = []
      const module = handlers({
        inner: (_c, _e, next) => request => {
          found.push(request.state.get('by'), request.signal instanceof AbortSignal, request.remoteAddress, request.clientAddress)
          return next(request)
        },
        outer: (_c, _e, next) => request => {
          request.state.set('by', 'outer')
          return next(request)
        }
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['inner', 'outer'] }, [module])
      await gateway.request({ path: '/x' })
      assert.deepEqual(found, ['outer', true, '127.0.0.1', '127.0.0.1'])
    })

    const failures: [string, HandlerFactory, number, RegExp][] = [
      ['throws', () => () => assert.fail('boom'), 500, /boom/],
      ['rejects', () => async () => Promise.reject(new Error('boom')), 500, /boom/],
      ['throws after next', (_c, _e, next) => r => next(r).then(() => assert.fail('late')), 500, /late/],
      ['rejects with a status', () => () => Promise.reject(Object.assign(new Error('no'), { statusCode: 418 })), 418, /no/],
      [
        'throws null',
        () => () => {
          throw null
        },
        500,
        /threw null/
      ],
      [
        'throws a value that cannot be shown',
        () => () => {
          throw { toString: () => assert.fail('x'), toJSON: () => assert.fail('x') }
        },
        500,
        /cannot be shown/
      ],
      ['answers nothing', () => (() => undefined) as never, 500, /returned undefined/],
      ['answers garbage', () => (async () => ({ status: 200 })) as never, 500, /returned an object/],
      ['answers a list', () => (async () => []) as never, 500, /returned an array/],
      [
        'calls next without a request',
        (_c, _e, next) => (() => (next as () => never)()) as never,
        500,
        /called next without a request/
      ],
      [
        'throws on then',
        () =>
          (() => ({
            // biome-ignore lint/suspicious/noThenProperty: a hostile value
            get then() {
              throw new Error('then')
            }
          })) as never,
        500,
        /then/
      ]
    ]
    for (const [what, factory, status, logged] of failures) {
      test(`a handler that ${what} ends its exchange alone, and is named`, async t => {
        const up = await startUpstream(t, json({}))
        let bad = true
        const module = handlers({
          bad: (context, extra, next) => {
            const handler = factory(context, extra, next) as (r: unknown) => never
            return request => (bad ? handler(request) : next(request))
          }
        })
        const { gateway, log } = await openAt(t, up.host, { level, names: ['bad'] }, [module])
        const answer = await gateway.request({ path: '/x' })
        assert.equal(answer.status, status)
        assert.equal(answer.text(), '')
        const line = await log.line(/Plugin: bad\] plugins\[0\]/)
        assert.match(log.text.slice(log.text.indexOf(line)), logged)
        bad = false
        assert.equal((await gateway.request({ path: '/x' })).status, 200)
        assert.equal(up.open.size, 0)
      })
    }

    test('own status, headers and text of what was thrown reach the client, the text with return_error_msg only', async t => {
      const up = await startUpstream(t, json({}))
      const module = handlers({
        teapot: () => () => {
          throw Object.assign(new Error('short and stout'), {
            statusCode: 418,
            headers: { 'X-Pot': 'tea' },
            contentType: 'application/problem+json'
          })
        }
      })
      const router = { router: { return_error_msg: true } }
      const { gateway } = await openAt(
        t,
        up.host,
        {
          level,
          names: ['teapot'],
          root: { extra_config: level === 'service' ? { ...router, 'plugin/http-server': { name: 'teapot' } } : router }
        },
        [module]
      )
      const answer = await gateway.request({ path: '/x' })
      assert.equal(answer.status, 418)
      assert.equal(answer.headers['x-pot'], 'tea')
      assert.equal(answer.headers['content-type'], 'application/problem+json')
      assert.equal(answer.text(), 'short and stout')
    })

    test('a GatewayError keeps its meaning', async t => {
      const up = await startUpstream(t, json({}))
      const module = handlers({
        full: () => () => Promise.reject(new GatewayError('SLUICE_ERR_GATEWAY_QUEUE_FULL', { headers: [['Retry-After', '7']] }))
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['full'] }, [module])
      const answer = await gateway.request({ path: '/x' })
      assert.equal(answer.status, 503)
      assert.equal(answer.headers['retry-after'], '7')
    })

    test('next may be called again; what is not sent on is let go', async t => {
      let n = 0
      const up = await startUpstream(t, (_req, res) => {
        n++
        res.writeHead(n < 3 ? 503 : 200)
        res.write('x'.repeat(300_000))
        if (n >= 3) res.end()
      })
      const module = handlers({
        retry: (_c, _e, next) => async request => {
          for (let i = 0; i < 2; i++) {
            const response = await next(request)
            if (response.status !== 503) return response
          }
          return next(request)
        }
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['retry'] }, [module])
      const answer = await gateway.request({ path: '/x' })
      assert.equal(answer.status, 200)
      assert.equal(answer.body.length, 300_000)
      assert.equal(up.calls.length, 3)
      await Promise.all([...up.open].map(res => once(res, 'close')))
    })

    test('next again with a body that has streamed away is refused, with one in memory it works', async t => {
      const bodies: string[] = []
      const up = await startUpstream(t, async (req, res) => {
        bodies.push(await bodyOf(req))
        res.end('ok')
      })
      const codes: string[] = []
      const module = handlers({
        twice: (_c, _e, next) => async request => {
          if (request.query === 'held') await request.body.buffer()
          ;(await next(request)).discard()
          return next(request).then(
            response => response,
            error => {
              codes.push((error as GatewayError).code)
              throw error
            }
          )
        }
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['twice'], method: 'POST' }, [module])
      const held = await gateway.request({ path: '/x?held', method: 'POST', body: 'abc' })
      assert.equal(held.status, 200)
      assert.deepEqual(bodies, ['abc', 'abc'])
      const streamed = await gateway.request({ path: '/x', method: 'POST', body: 'abc' })
      assert.equal(streamed.status, 500)
      if (level !== 'service') assert.deepEqual(codes, ['SLUICE_ERR_PLUGIN_BODY_TAKEN'])
    })

    test('one response object for several requests is refused', async t => {
      const up = await startUpstream(t, json({}))
      const constant = GatewayResponse.text('once')
      const module = handlers({ constant: () => () => constant })
      const { gateway, log } = await openAt(t, up.host, { level, names: ['constant'] }, [module])
      assert.equal((await gateway.request({ path: '/x' })).status, 200)
      assert.equal((await gateway.request({ path: '/x' })).status, 500)
      await log.line(/a response of another request/)
    })

    test('the promise of next for one request is no answer to another: refused before the upstream answers', async t => {
      const asked = deferred('the upstream is asked')
      const release = deferred('the second request is refused')
      const up = await startUpstream(t, async (req, res) => {
        asked.resolve()
        await release.promise
        res.setHeader('Content-Type', 'application/json')
        res.end(JSON.stringify({ url: req.url }))
      })
      let shared: Promise<GatewayResponse> | undefined
      const module = handlers({
        shares: (_c, _e, next) => request => {
          shared ??= next(request)
          return shared
        }
      })
      const { gateway, log } = await openAt(t, up.host, { level, names: ['shares'] }, [module])
      const first = gateway.request({ path: '/x' })
      await asked.promise
      assert.equal((await gateway.request({ path: '/x' })).status, 500)
      await log.line(/the promise that next has returned for another request; call next for each/)
      release.resolve()
      assert.equal((await first).status, 200)
      assert.equal((await gateway.request({ path: '/x' })).status, 500)
    })

    test('a response that two requests wait for is that of the request which asked', async t => {
      const release = deferred('both requests wait')
      const up = await startUpstream(t, async (_req, res) => {
        await release.promise
        res.setHeader('Content-Type', 'application/json')
        res.end('{"a":1}')
      })
      let shared: Promise<GatewayResponse> | undefined
      let waiting = 0
      const module = handlers({
        shares: (_c, _e, next) => async request => {
          const first = shared === undefined
          shared ??= next(request)
          if (++waiting === 2) release.resolve()
          const response = await shared
          // the first one answers last
          if (first) await new Promise(setImmediate)
          return response
        }
      })
      const { gateway, log } = await openAt(t, up.host, { level, names: ['shares'] }, [module])
      const [first, second] = await Promise.all([gateway.request({ path: '/x' }), gateway.request({ path: '/x' })])
      assert.deepEqual([first.status, first.json(), second.status], [200, { a: 1 }, 500])
      await log.line(/a response of another request/)
    })

    test('a promise of next that no plugin looks at ends nothing', async t => {
      const up = await startUpstream(t, req => req.socket.destroy())
      const module = handlers({
        forgets: (_c, _e, next) => request => {
          void next(request)
          return GatewayResponse.text('mine')
        },
        later: (_c, _e, next) => async request => {
          await Promise.resolve()
          void next(request)
          return GatewayResponse.text('mine')
        }
      })
      for (const name of ['forgets', 'later']) {
        const { gateway } = await openAt(t, up.host, { level, names: [name] }, [module])
        assert.equal((await gateway.request({ path: '/x' })).text(), 'mine')
      }
    })

    test('a stream that an outer plugin drops is closed with the exchange', async t => {
      const up = await startUpstream(t, json({}))
      const source = new Readable({ read() {} })
      source.on('error', () => {})
      const closed = once(source, 'close')
      const module = handlers({
        streams: () => () => GatewayResponse.stream(source),
        drops: (_c, _e, next) => async request => {
          await next(request)
          return GatewayResponse.text('instead')
        }
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['streams', 'drops'] }, [module])
      assert.equal((await gateway.request({ path: '/x' })).text(), 'instead')
      await closed
    })

    test('a stream that breaks cuts the connection and never ends it cleanly', async t => {
      const up = await startUpstream(t, json({}))
      const module = handlers({
        breaks: () => () =>
          GatewayResponse.stream(
            (async function* () {
              yield Buffer.from('begun')
              throw new Error('broke')
            })()
          )
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['breaks'] }, [module])
      await assert.rejects(gateway.request({ path: '/x' }))
    })

    test('what a plugin promised with needs is checked', async t => {
      const up = await startUpstream(t, json({ a: 1 }))
      const reads: HandlerFactory = (_c, _e, next) => async request => {
        const response = await next(request)
        await response.body.json()
        return response
      }
      const readsRequest: HandlerFactory = (_c, _e, next) => async request => {
        await request.body.text()
        return next(request)
      }
      const module = {
        HandlerRegisterer: {
          registerHandlers: (register: (n: string, f: HandlerFactory, about?: object) => void) => {
            register('head', reads, { needs: 'head' })
            register('stream', readsRequest, { needs: 'stream' })
            register('data', reads, { needs: 'data' })
          }
        },
        ClientRegisterer: {
          registerClients: (register: (n: string, f: HandlerFactory, about?: object) => void) => {
            register('head', reads, { needs: 'head' })
            register('stream', readsRequest, { needs: 'stream' })
            register('data', reads, { needs: 'data' })
          }
        }
      }
      for (const name of ['head', 'stream']) {
        const { gateway, log } = await openAt(t, up.host, { level, names: ['data', name] }, [module])
        assert.equal((await gateway.request({ path: '/x' })).status, name === 'head' ? 200 : 500)
        if (name === 'stream') await log.line(/promised needs: 'stream' and used the request's body as 'body'/)
      }
      const { gateway, log } = await openAt(t, up.host, { level, names: ['head', 'data'] }, [module])
      assert.equal((await gateway.request({ path: '/x' })).status, 500)
      await log.line(/plugins\[0\]: promised needs: 'head' and used the response's body as 'data'/)
    })
  })
}

describe('deadlines', () => {
  const never = handlers({ never: () => () => new Promise(() => {}) })

  for (const level of ['endpoint', 'backend'] as const) {
    test(`a handler that never settles at ${level} scope is answered for by the endpoint's timeout`, async t => {
      const up = await startUpstream(t, json({}))
      const { gateway } = await openAt(t, up.host, { level, names: ['never'], endpoint: { timeout: '50ms' } }, [never])
      assert.equal((await gateway.request({ path: '/x' })).status, 500)
    })
  }

  test('a service handler that never settles is answered for by the timeout beside the names', async t => {
    const up = await startUpstream(t, json({}))
    const { gateway } = await openAt(t, up.host, { level: 'service', names: ['never'], own: { timeout: '50ms' } }, [never])
    assert.equal((await gateway.request({ path: '/x' })).status, 500)
  })

  test('a service handler in time is not touched by its timeout, one that fails has its own status', async t => {
    const up = await startUpstream(t, json({}))
    const module = handlers({ pass: passOn, bad: () => () => Promise.reject(Object.assign(new Error('x'), { statusCode: 409 })) })
    const own = { timeout: '10s' }
    const ok = await openAt(t, up.host, { level: 'service', names: ['pass'], own }, [module])
    assert.equal((await ok.gateway.request({ path: '/x' })).status, 200)
    const bad = await openAt(t, up.host, { level: 'service', names: ['bad'], own }, [module])
    assert.equal((await bad.gateway.request({ path: '/x' })).status, 409)
  })

  test('an answer that comes too late is let go', async t => {
    const up = await startUpstream(t, json({}))
    let settle = (_: GatewayResponse): void => {}
    const module = handlers({ late: () => () => new Promise(resolve => (settle = resolve)) })
    const { gateway } = await openAt(t, up.host, { level: 'service', names: ['late'], own: { timeout: '20ms' } }, [module])
    assert.equal((await gateway.request({ path: '/x' })).status, 500)
    const source = new Readable({ read() {} })
    source.on('error', () => {})
    const closed = once(source, 'close')
    settle(GatewayResponse.stream(source))
    await closed
  })
})

describe('at service scope', () => {
  test('next never rejects: a failure of a plugin further in is already a response', async t => {
    const up = await startUpstream(t, json({}))
    const seen: number[] = []
    const module = handlers({
      bad: () => () => assert.fail('inside'),
      outer: (_c, _e, next) => async request => {
        const response = await next(request)
        seen.push(response.status)
        return response
      }
    })
    const { gateway } = await openAt(t, up.host, { level: 'service', names: ['bad', 'outer'] }, [module])
    assert.equal((await gateway.request({ path: '/x' })).status, 500)
    assert.deepEqual(seen, [500])
  })

  test('plugins see health, redirects and paths without a route', async t => {
    const up = await startUpstream(t, json({}))
    const paths: string[] = []
    const module = handlers({
      sees: (_c, _e, next) => request => {
        paths.push(request.routePath)
        return next(request)
      }
    })
    const { gateway } = await openAt(t, up.host, { level: 'service', names: ['sees'] }, [module])
    assert.equal((await gateway.request({ path: '/__health' })).status, 200)
    assert.equal((await gateway.request({ path: '/x/' })).status, 301)
    assert.equal((await gateway.request({ path: '/none%20here' })).status, 404)
    assert.deepEqual(paths, ['/__health', '/x/', '/none here'])
  })

  test('edits of method, path, query, headers and body are what the router sees', async t => {
    const seen: string[] = []
    const up = await startUpstream(t, async (req, res) => {
      seen.push(`${req.method} ${req.url} ${req.headers['x-new']} ${await bodyOf(req)}`)
      res.end()
    })
    const module = handlers({
      edits: (_c, _e, next) => request => {
        request.method = 'POST'
        request.path = '/x'
        request.query = 'q=1'
        request.headers.set('X-New', 'n')
        request.body.set('new')
        return next(request)
      }
    })
    const { gateway } = await openAt(t, up.host, { level: 'service', names: ['edits'], method: 'POST' }, [module])
    await gateway.request({ path: '/elsewhere' })
    assert.deepEqual(seen, ['POST /y?q=1 n new'])
  })
})

describe('at endpoint and backend scope', () => {
  test('edits of the endpoint reach the call', async t => {
    const seen: string[] = []
    const up = await startUpstream(t, async (req, res) => {
      seen.push(`${req.url} ${req.headers['x-new']} ${await bodyOf(req)}`)
      res.end()
    })
    const module = handlers({
      edits: (_c, _e, next) => request => {
        request.query = 'q=1'
        request.headers.set('X-New', 'n')
        request.body.set('new')
        return next(request)
      }
    })
    const { gateway } = await openAt(t, up.host, { level: 'endpoint', names: ['edits'], method: 'POST' }, [module])
    await gateway.request({ path: '/x', method: 'POST', body: 'old' })
    assert.deepEqual(seen, ['/y?q=1 n new'])
  })

  test('a client plugin changes origin, path, query and method of the call', async t => {
    const other = await startUpstream(t, (_req, res) => res.end('other'))
    const up = await startUpstream(t, (_req, res) => res.end('first'))
    const module = handlers({
      moves: (_c, _e, next) => request => {
        assert.equal(request.path, '/y')
        assert.equal(request.origin, up.host)
        request.origin = other.host
        request.path = '/z'
        request.query = 'q'
        request.method = 'DELETE'
        return next(request)
      }
    })
    const { gateway } = await openAt(t, up.host, { level: 'backend', names: ['moves'] }, [module])
    assert.equal((await gateway.request({ path: '/x' })).text(), 'other')
    assert.deepEqual(other.calls, ['DELETE /z?q'])
    assert.deepEqual(up.calls, [])
  })

  test('a client sees the same request whatever stands before it, once per backend', async t => {
    const up = await startUpstream(t, async (req, res) => void res.end(`${req.method} ${req.url} ${await bodyOf(req)}`))
    const views: unknown[] = []
    const module = handlers({
      p: passOn,
      sees: (_c, _e, next) => request => {
        const { method, target, path, query, routePath, origin, host } = request
        const params = { ...request.params }
        views.push({ method, target, path, query, routePath, origin, host, params, fields: [...request.headers] })
        return next(request)
      }
    })
    const backend = {
      host: [up.host],
      url_pattern: '/y/{id}?fixed=1',
      method: 'PUT',
      extra_config: { 'plugin/http-client': { name: 'sees' } }
    }
    const endpoint = { endpoint: '/x/{id}', backend: [backend] }
    const ask = async (own: object): Promise<string> => {
      const { gateway } = await openAt(
        t,
        up.host,
        { level: 'endpoint', names: [], method: 'POST', endpoint: { ...endpoint, ...own } },
        [module]
      )
      const headers = { 'X-One': '1', Host: 'a.test' }
      return (await gateway.request({ method: 'POST', path: '/x/5?q=2', headers, body: 'text' })).text()
    }
    const alone = await ask({})
    const behind = await ask({ extra_config: { 'plugin/http-server': { name: ['p'] } } })
    assert.deepEqual([alone, behind], ['PUT /y/5?fixed=1&q=2 text', 'PUT /y/5?fixed=1&q=2 text'])
    assert.equal(views.length, 2)
    assert.deepEqual(views[0], views[1])
    await ask({ backend: [backend, { ...backend, url_pattern: '/z' }], output_encoding: 'json' })
    const targets = views.slice(2).map(view => (view as { target: string }).target)
    assert.deepEqual(targets.sort(), ['/y/5?fixed=1&q=2', '/z?q=2'])
  })

  test('a failed client plugin costs its part of a merge only', async t => {
    const up = await startUpstream(t, json({ ok: 1 }))
    const module = handlers({ bad: () => () => assert.fail('boom') })
    const backend = { host: [up.host], url_pattern: '/y' }
    const { gateway } = await openAt(
      t,
      up.host,
      {
        level: 'endpoint',
        names: [],
        encoding: 'json',
        endpoint: { backend: [backend, { ...backend, extra_config: { 'plugin/http-client': { name: 'bad' } } }] }
      },
      [module]
    )
    const answer = await gateway.request({ path: '/x' })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json(), { ok: 1 })
    assert.equal(answer.headers['x-krakend-completed'], 'false')
  })

  test('next rejects with a GatewayError when there is no response; any status is a response', async t => {
    const up = await startUpstream(t, (req, res) => (req.url === '/y?cut' ? req.socket.destroy() : res.writeHead(500).end('x')))
    const seen: unknown[] = []
    const module = handlers({
      sees: (_c, _e, next) => async request => {
        try {
          const response = await next(request)
          seen.push(response.status)
          return response
        } catch (error) {
          assert.ok(error instanceof GatewayError)
          seen.push(error.code, error.statusCode)
          return GatewayResponse.text('fallback')
        }
      }
    })
    const { gateway } = await openAt(t, up.host, { level: 'backend', names: ['sees'] }, [module])
    assert.equal((await gateway.request({ path: '/x' })).status, 500)
    assert.equal((await gateway.request({ path: '/x?cut' })).text(), 'fallback')
    assert.deepEqual(seen, [500, 'SLUICE_ERR_UPSTREAM_RESET', 502])
  })

  test('an answer while the upload runs, by a plugin that reads nothing, is whole', async t => {
    const up = await startUpstream(t, json({}))
    const module = handlers({ answers: () => () => GatewayResponse.text('enough', 413) })
    const { port } = await openAt(t, up.host, { level: 'endpoint', names: ['answers'], method: 'POST' }, [module])
    const socket: Socket = connect(port, '127.0.0.1')
    socket.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegun')
    let text = ''
    for await (const chunk of socket.setEncoding('latin1')) {
      text += chunk as string
      if (text.includes('enough')) break
    }
    assert.match(text, /^HTTP\/1\.1 413 /)
    assert.deepEqual(up.calls, [])
  })
})
