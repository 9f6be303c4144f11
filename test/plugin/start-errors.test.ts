import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { ConfigInput } from '../../src/config/input.js'
import { createGateway } from '../../src/gateway.js'
import type { PluginModule } from '../../src/plugin/index.js'
import { KeptLines } from '../support/open-gateway.js'
import { until } from '../support/waiting.js'
import { configAt, handlers, modifiers, type PlacedAt, passOn } from './support.js'

async function start(t: TestContext, at: PlacedAt, plugins: PluginModule[], options: object = {}, root: object = {}) {
  const log = new KeptLines()
  const config = { version: 3, ...configAt('http://127.0.0.1:9999', at), ...root }
  const gateway = await createGateway(config as unknown as ConfigInput, { plugins, logOutput: log, env: {}, ...options })
  t.after(() => gateway.close())
  await log.line(/Building the http handler/)
  return { gateway, log }
}

const known = [handlers({ 'rate-guard': passOn, fails: () => assert.fail('no key'), none: (() => 7) as never })]

describe('names in a configuration', () => {
  test('one that no module registered stops the start and says what is registered', async t => {
    await assert.rejects(start(t, { level: 'endpoint', names: ['rate-gaurd'] }, known), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'SLUICE_ERR_CONFIG_INVALID')
      assert.match(error.message, /\/endpoints\/0\/extra_config\/plugin~1http-server\/name: No plugin registered as rate-gaurd/)
      assert.match(error.message, /did you mean `rate-guard`\?; registered: rate-guard, fails, none/)
      return true
    })
  })

  test('one of another kind is told apart, and none at all is said', async t => {
    const module = modifiers({ edits: { request: () => {} } })
    await assert.rejects(start(t, { level: 'backend', names: ['edits'] }, [module]), /'edits' is registered as a modifier plugin/)
    await assert.rejects(
      start(t, { level: 'service', names: ['a'] }, []),
      /begins one in JavaScript; no handler plugin is registered at all: is the root key "plugin" set\?/
    )
  })

  test('one of KrakenD Enterprise says what is here in its place', async t => {
    for (const [name, instead] of [
      ['no-redirect', /plugin of KrakenD Enterprise; set `"backend\/http\/client": \{"no_redirect": true\}`/],
      ['static-filesystem', /plugin of KrakenD Enterprise; let a file server be the backend/],
      ['geoip', /plugin of KrakenD Enterprise; .*`sluice plugin new NAME`/]
    ] as const)
      await assert.rejects(start(t, { level: 'backend', names: [name] }, known), instead)
  })

  test('an absent folder says what to put there; without a plugin that is named it is a warning', async t => {
    const plugin = { folder: '/nowhere/plugins/', pattern: '.so' }
    await assert.rejects(
      start(t, { level: 'service', names: ['a'] }, [], {}, { plugin }),
      /\/plugin\/folder: the plugin folder .* no such file or directory \(create it, or name another one;/
    )
    const { gateway } = await start(t, { level: 'service', names: [] }, [], {}, { plugin })
    assert.deepEqual(
      gateway.config.problems.map(one => [one.level, one.pointer]),
      [['warning', '/plugin/folder']]
    )
  })

  const left: [string, PlacedAt, RegExp, RegExp][] = [
    [
      'unknown',
      { level: 'service', names: ['nope'] },
      /No plugin registered as nope/,
      /ERROR: \[PLUGIN: Server\] No plugin registered as nope/
    ],
    [
      'unknown',
      { level: 'backend', names: ['nope'] },
      /No plugin registered as nope/,
      /ERROR: \[BACKEND: GET \/x -> \/y\] No plugin registered as nope/
    ],
    [
      'a factory that throws',
      { level: 'service', names: ['fails'] },
      /plugin 'fails' \(plugins\[0\]\): no key/,
      /ERROR: \[PLUGIN: Server\] Error getting the plugin handler: plugin 'fails'.*no key/
    ],
    [
      'a factory that answers no function',
      { level: 'endpoint', names: ['none'] },
      /the factory returned a number, not a function/,
      /ERROR: \[ENDPOINT: \/x\] Error getting the plugin handler/
    ],
    [
      'a timeout that is none',
      { level: 'service', names: ['rate-guard'], own: { timeout: 'soon' } },
      /the timeout is no duration/,
      /ERROR: \[PLUGIN: Server\].*timeout/
    ]
  ]
  for (const [what, at, thrown, logged] of left) {
    test(`${what} at ${at.level} scope stops the start, or is left out where that was asked for`, async t => {
      await assert.rejects(start(t, at, known), thrown)
      const skip = { plugin: { folder: 'fixtures/plugins/manual', pattern: 'server-example.mjs', on_error: 'skip' } }
      for (const [options, root] of [
        [{ tolerant: true }, {}],
        [{}, skip]
      ] as const) {
        const { log } = await start(t, at, known, options, root)
        assert.match(log.text, logged)
      }
    })
  }

  test('an empty list is a DEBUG line', async t => {
    const service = await start(t, { level: 'service', names: [] }, known)
    assert.match(service.log.text, /DEBUG: \[PLUGIN: Server\] No plugins required in the extra config/)
    const backend = await start(t, { level: 'backend', names: [] }, known)
    assert.match(backend.log.text, /DEBUG: \[BACKEND: GET \/x -> \/y\] No name defined in the extra config for \/y/)
  })
})

describe('modifier registrations', () => {
  const one = (factory: () => unknown, on?: object): PluginModule => ({
    ModifierRegisterer: { registerModifiers: register => register('m', factory as never, on as never) }
  })
  const at: PlacedAt = { level: 'endpoint', names: ['m'], modifier: true }
  const bad: [string, PluginModule, RegExp][] = [
    ['no modifier', one(() => undefined), /the factory returned undefined, not a modifier/],
    ['no function at all', one(() => ({})), /neither a function 'request' nor a function 'response'/],
    [
      'a direction without its function',
      one(() => ({ request: () => {} }), { response: true }),
      /registered for the response and its modifier has no function 'response'/
    ],
    ['a function that is none', one(() => ({ request: 7 })), /has no function 'request'/],
    ['only functions that are not to be used', one(() => ({ request: () => {} }), { request: false }), /to be used/]
  ]
  for (const [what, module, pattern] of bad) {
    test(`${what} stops the start`, async t => {
      await assert.rejects(start(t, at, [module]), pattern)
    })
  }

  test('a direction that is declared off is not used', async t => {
    const module = one(() => ({ request: () => assert.fail('used'), response: () => {} }), { request: false })
    const { log } = await start(t, at, [module])
    assert.match(log.text, /Adding 0 request and 1 response modifiers/)
  })
})

describe('factories', () => {
  test('see their place, a frozen extra and the whole namespace; their logger writes and does no more', async t => {
    const seen: unknown[] = []
    const module = handlers({
      sees: (context, extra, next) => {
        seen.push({ ...context, logger: Object.keys(context.logger), signal: context.signal.aborted }, Object.isFrozen(extra), {
          ...extra
        })
        context.logger.fatal('not the end')
        return request => next(request)
      }
    })
    const { gateway, log } = await start(t, { level: 'backend', names: ['sees'], own: { sees: { a: 1 } } }, [module])
    assert.deepEqual(seen.slice(0, 2), [
      {
        name: 'sees',
        scope: 'backend',
        endpoint: '/x',
        method: 'GET',
        urlPattern: '/y',
        logger: ['debug', 'info', 'warning', 'error', 'critical', 'fatal'],
        signal: false
      },
      true
    ])
    assert.deepEqual(Object.keys(seen[2] as object).sort(), ['name', 'sees'])
    assert.match(log.text, /FATAL: not the end/)
    assert.match(log.text, /DEBUG: \[BACKEND: GET \/x -> \/y\] Injecting plugin sees/)
    assert.match(gateway.describePipes(), /plugin\/http-client: sees/)
  })

  test('the signal aborts when the gateway closes', async t => {
    let aborted = false
    const module = handlers({
      sees: (context, _e, next) => {
        context.signal.addEventListener('abort', () => (aborted = true))
        return request => next(request)
      }
    })
    const { gateway } = await start(t, { level: 'endpoint', names: ['sees'] }, [module])
    await gateway.close()
    assert.equal(aborted, true)
  })

  test('next before the gateway is built rejects', async t => {
    let failure: unknown
    const module = handlers({
      early: async (_c, _e, next) => {
        const request = { exchange: {}, openedBody: undefined }
        await next(request as never).catch(error => {
          failure = error
        })
        return request => next(request)
      }
    })
    await start(t, { level: 'endpoint', names: ['early'] }, [module])
    assert.match(String(failure), /before the gateway was built/)
  })

  test('asynchronous factories are awaited; one that does not settle is named after 10 s', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const module = handlers({ hangs: () => new Promise(() => {}) })
    const started = start(t, { level: 'endpoint', names: ['hangs'] }, [module])
    const rejected = assert.rejects(started, /plugin 'hangs' \(plugins\[0\]\): the factory did not settle within 10 s/)
    let over = false
    void rejected.then(() => (over = true))
    await until(() => {
      t.mock.timers.tick(10_000)
      return over
    }, 'the start to fail')
    await rejected
  })
})
