import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { GatewayResponse, type HandlerFactory } from '../../../src/plugin/index.js'
import { type AbortStage, type TestPluginOptions, testPlugin } from '../../../src/plugin/testing/index.js'
import { LIMIT_MS, once } from '../../support/waiting.js'
import { handlers, modifiers } from '../support.js'

const TEXT = 'a body of some length, '.repeat(40)

/** Closes after one request of a plugin; returns what the kit complains of. */
async function complaint(
  factory: HandlerFactory,
  aborts: readonly AbortStage[],
  more: TestPluginOptions = {},
  body?: string,
  query = ''
): Promise<string> {
  const tested = await testPlugin(handlers({ bad: factory }), { upstream: { body: TEXT }, seed: 5, aborts, ...more })
  await tested.request({ ...(body === undefined ? {} : { body }), path: `/?${query}` })
  try {
    await tested.close()
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

describe('breaking off', () => {
  test('leaves a plugin alone that does nothing wrong, at every place, with and without a body', async () => {
    const good: HandlerFactory = (_c, _e, next) => async request => {
      request.body.tap({ chunk() {} })
      const response = await next(request)
      response.body.transform({ chunk: chunk => Buffer.from(chunk).reverse() })
      response.body.transform(new PassThrough())
      return response
    }
    for (const scope of ['service', 'endpoint'] as const) {
      const tested = await testPlugin(handlers({ good }), { scope, upstream: { body: TEXT } })
      await tested.request()
      await tested.close()
    }
    const edits = modifiers({ edits: { response: response => response.body.editJson<{ n: number }>(value => void value.n++) } })
    for (const scope of ['endpoint', 'backend'] as const) {
      const tested = await testPlugin(edits, {
        scope,
        method: 'POST',
        encoding: 'json',
        upstream: { body: { n: 1, text: TEXT } }
      })
      await tested.request({ body: '{}' })
      await tested.close()
    }
  })

  test('tries the default request where a test made none, and nothing when it is switched off', async () => {
    let made = 0
    const counts: HandlerFactory = (_c, _e, next) => {
      made++
      return next
    }
    const tested = await testPlugin(handlers({ counts }))
    await tested.close()
    assert.equal(made, 2)
    const without = await testPlugin(handlers({ counts }), { aborts: false })
    await without.close()
    assert.equal(made, 3)
  })

  test('finds half a body that looks whole, and says where, with which seed, and what to do', async () => {
    const swallows: HandlerFactory = (_c, _e, next) => async request => {
      const response = await next(request)
      const source = response.body.stream()
      response.body.set(
        Readable.from(
          (async function* () {
            try {
              for await (const chunk of source) yield chunk
            } catch {
              // as if that were all
            }
          })()
        )
      )
      return response
    }
    for (const stage of ['upstream-resets-body', 'upstream-ends-body', 'upstream-resets-head'] as const) {
      const text = await complaint(swallows, [stage])
      assert.match(
        text,
        new RegExp(`^GET /\\?, broken off at '${stage}' \\(.*\\), seed 5: the client got \\d+ of 920 bytes as a whole answer`)
      )
      assert.match(text, /pass the error on/)
      assert.match(text, new RegExp(`testPlugin\\(module, \\{ seed: 5, aborts: \\['${stage}'\\] \\}\\)`))
      assert.equal(await complaint(swallows, [stage]), text)
    }
  })

  test('finds a plugin that never settles, whichever side breaks off', async () => {
    const hangs: HandlerFactory = (_c, _e, next) => request => next(request).catch(() => new Promise<never>(() => {}))
    for (const stage of ['upstream-resets-early', 'upstream-refuses', 'client-leaves-waiting', 'signal-aborts'] as const) {
      assert.match(await complaint(hangs, [stage]), /1 call\(s\) of the plugin that have not settled/, stage)
    }
  })

  test('finds timers and sockets of an exchange, and what outlives the gateway', async t => {
    const timers: NodeJS.Timeout[] = []
    const forgetsTimer: HandlerFactory = (_c, _e, next) => async request => {
      const timer = setTimeout(() => {}, 60_000)
      timers.push(timer)
      const response = await next(request)
      clearTimeout(timer)
      return response
    }
    assert.match(
      await complaint(forgetsTimer, ['upstream-resets-early']),
      /1 timer\(s\) \(clear them when the exchange is over\)/
    )
    const interval: HandlerFactory = (_c, _e, next) => {
      timers.push(setInterval(() => {}, 60_000))
      return next
    }
    assert.match(
      await complaint(interval, ['client-leaves-head']),
      /after the gateway had closed, 1 × Timeout kept the process alive/
    )
    for (const timer of timers) clearTimeout(timer)

    const sockets: Socket[] = []
    const server = createServer(socket => socket.on('error', () => {}))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const { port } = server.address() as { port: number }
    const forgetsSocket: HandlerFactory = (_c, _e, next) => async request => {
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      const response = await next(request)
      socket.destroy()
      return response
    }
    assert.match(await complaint(forgetsSocket, ['upstream-resets-early']), /2 open socket\(s\)/)
  })

  test('finds mistakes in what handles a failure', async () => {
    const careless: HandlerFactory = (_c, _e, next) => async request => {
      const response = await next(request).catch(() => undefined)
      response!.headers.set('X-A', 'b')
      return response!
    }
    assert.match(
      await complaint(careless, ['upstream-resets-early']),
      /a mistake of its own: .*TypeError: Cannot read properties/
    )
  })

  test('finds rejections that no plugin looks at', () => {
    // not within a test, where the runner hears of them first
    const script = `
      import { defineHandler } from 'sluice/plugin'
      import { testPlugin } from 'sluice/plugin/testing'
      const HandlerRegisterer = defineHandler({
        name: 'loses',
        create: (_options, next) => request => {
          request.signal.addEventListener('abort', () => void Promise.reject(new Error('lost')))
          return next(request)
        }
      })
      const tested = await testPlugin({ HandlerRegisterer }, { aborts: ['client-leaves-waiting'] })
      await tested.close()`
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--conditions=sluice-source', '--import', 'tsx', '--input-type=module', '-e', script],
      { encoding: 'utf8', timeout: LIMIT_MS }
    )
    assert.equal(status, 1)
    assert.match(stderr, /'client-leaves-waiting' .*: a promise was rejected and never handled: Error: lost/)
  })

  test('finds a plugin that does not recover', async () => {
    const sulks: HandlerFactory = (_c, _e, next) => {
      let broken = false
      return async request => {
        if (broken) throw new Error('was hurt before')
        try {
          return await next(request)
        } catch (error) {
          broken = true
          throw error
        }
      }
    }
    const text = await complaint(sulks, ['upstream-resets-early'])
    assert.match(text, /the next request got a 500 where 200 is right; the log says: .*was hurt before/)
  })

  test('finds a stage that hears its end twice and one that never hears it', async () => {
    const twice: HandlerFactory = (_c, _e, next) => async request => {
      const response = await next(request)
      const observer = { chunk: () => {}, end: () => {} }
      response.body.tap(observer)
      response.body.tap({ chunk: () => {}, end: () => observer.end() })
      return response
    }
    assert.match(await complaint(twice, []), /an observer of the response heard end after it had heard its end/)
    const never: HandlerFactory = (_c, _e, next) => async request => {
      const response = await next(request)
      response.body.transform(new PassThrough({ autoDestroy: false }))
      return response
    }
    assert.match(await complaint(never, ['client-leaves-head']), /a byte stage of the response that heard neither end nor abort/)
  })

  test('lets a plugin answer by itself, fall back, try again', async () => {
    const own: HandlerFactory = () => () => GatewayResponse.text('mine')
    assert.equal(await complaint(own, ['client-leaves-at-once', 'client-leaves-head', 'upstream-resets-body']), '')
    const fallsBack: HandlerFactory = (_c, _e, next) => async request => {
      try {
        const response = await next(request)
        await response.body.buffer()
        return response
      } catch {
        return GatewayResponse.text('instead')
      }
    }
    const stages = ['upstream-resets-early', 'upstream-resets-body', 'upstream-stalls', 'upstream-refuses'] as const
    assert.equal(await complaint(fallsBack, stages), '')
    const again: HandlerFactory = (_c, _e, next) => request => next(request).catch(() => next(request))
    assert.equal(await complaint(again, stages), '')
  })

  test('breaks an upload off in the middle', async () => {
    const heard: string[] = []
    const taps: HandlerFactory = (_c, _e, next) => request => {
      request.body.tap({ chunk() {}, end: () => heard.push('end'), abort: () => heard.push('abort') })
      return next(request)
    }
    assert.equal(await complaint(taps, ['client-leaves-upload'], { method: 'POST' }, TEXT), '')
    assert.deepEqual(heard, ['end', 'end', 'abort', 'end'])
  })

  describe('stages of a request', () => {
    const taps: HandlerFactory = (_c, _e, next) => request => {
      request.body.tap({ chunk() {} })
      return request.query === 'own' ? GatewayResponse.text('mine') : next(request)
    }

    test('hear abort when the upstream refuses the connection', async () => {
      assert.equal(await complaint(taps, ['upstream-refuses'], { method: 'POST' }, TEXT), '')
    })

    test('hear abort when the plugin answers by itself', async () => {
      assert.equal(await complaint(taps, ['client-leaves-head'], { method: 'POST' }, TEXT, 'own'), '')
    })
  })
})
