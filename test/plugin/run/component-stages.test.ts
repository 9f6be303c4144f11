import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { ConfigError } from '../../../src/errors.js'
import type { Layer } from '../../../src/pipe/layer.js'
import { NextStep, nextOf } from '../../../src/pipe/next.js'
import type { StepWrap } from '../../../src/pipe/step.js'
import type { Component, ComponentContext } from '../../../src/plugin/component.js'
import { defineComponent, GatewayResponse, type Next, type Wrap } from '../../../src/plugin/index.js'
import { createPluginHost, type PluginHost } from '../../../src/plugin/run/host.js'
import { type GatewayLogger, silentLogger } from '../../../src/telemetry/logger.js'
import { loadConfigObject } from '../../support/load-config.js'
import { requestOf } from '../../support/request.js'

/** A wrap that writes its name into the answer's fields on the way out. */
const named =
  (name: string): Wrap =>
  next =>
  async r => {
    const response = await next(r)
    response.headers.append('X-Way', name)
    return response
  }

const part = (namespace: string, slot: string, more: Partial<Component> = {}): Component =>
  defineComponent({
    namespace,
    scopes: ['service', 'endpoint', 'backend'],
    slots: { [slot.split(' ')[0]!]: slot.split(' ')[1] } as object,
    schema: {},
    compile: () => named(namespace),
    ...more
  })

const ENDPOINT = { endpoint: '/x/{id}', timeout: '3s', backend: [{ host: ['http://127.0.0.1:9999'], url_pattern: '/y/{id}' }] }

async function host(
  t: TestContext,
  components: Component[],
  extra: object,
  options: { tolerant?: boolean; logger?: GatewayLogger } = {}
) {
  const at = (scope: string): object => ({ extra_config: (extra as Record<string, object>)[scope] ?? {} })
  const tolerant = options.tolerant ?? false
  const config = loadConfigObject(
    {
      version: 3,
      name: 'n',
      ...at('service'),
      endpoints: [{ ...ENDPOINT, ...at('endpoint'), backend: [{ ...ENDPOINT.backend[0], ...at('backend') }] }]
    },
    { env: {}, namespaces: components.map(one => ({ ...one, guard: false })), tolerant }
  )
  const made = await createPluginHost({
    config,
    modules: [],
    components: new Map(components.map(one => [one.namespace, one])),
    logger: options.logger ?? silentLogger,
    signal: new AbortController().signal,
    tolerant,
    env: { A: '1' }
  })
  t.after(() => made.close())
  return { made, config, endpoint: config.endpoints[0]!, backend: config.endpoints[0]!.backends[0]! }
}

async function way(wrap: Wrap | undefined): Promise<string | undefined> {
  const inner: Next = async () => GatewayResponse.text('')
  return (await wrap!(inner)(requestOf())).headers.get('x-way')
}

/** Places and names of layers, outermost first. */
function described(...layers: readonly (Layer<unknown> | undefined)[]): string[] {
  return layers.flatMap(layer => layer?.stages ?? []).map(({ place, name }) => `${place} ${name}`)
}

/** The same of a wrap between steps. */
const inward = (wrap: StepWrap | undefined): Promise<string | undefined> => way(next => nextOf(wrap!(new NextStep(next))))

describe('components', () => {
  test('stand in the order of their slots, outermost first, whatever their order in the registry', async t => {
    const components = [
      part('t/limit', 'endpoint router/ratelimit'),
      part('t/auth', 'endpoint router/auth'),
      part('t/check', 'endpoint proxy/check')
    ]
    const { made, endpoint } = await host(t, components, { endpoint: { 't/limit': {}, 't/auth': {}, 't/check': {} } })
    const layers = await made.endpoint(endpoint)
    assert.equal(await inward(layers.router?.wrap), 't/limit, t/auth')
    assert.equal(await inward(layers.proxy?.wrap), 't/check')
    assert.equal(layers.handlers, undefined)
    assert.equal(layers.modifiers, undefined)
    assert.deepEqual(described(layers.router, layers.proxy), [
      'endpoint/router t/auth',
      'endpoint/router t/limit',
      'endpoint/proxy t/check'
    ])
  })

  test('stand at service and backend scope, several slots of one component included', async t => {
    const components = [
      part('t/cors', 'service outer/cors'),
      part('t/secure', 'service inner/security'),
      part('t/both', 'backend decoded/telemetry', {
        compile: () => [
          { slot: 'transport/telemetry', wrap: named('low') },
          { slot: 'decoded/telemetry', wrap: named('high') }
        ]
      }),
      part('t/cache', 'backend transport/cache')
    ]
    const { made, endpoint, backend } = await host(t, components, {
      service: { 't/cors': {}, 't/secure': {} },
      backend: { 't/both': {}, 't/cache': {} }
    })
    assert.equal(await inward(made.service.outer?.wrap), 't/cors')
    assert.equal(await inward(made.service.inner?.wrap), 't/secure')
    const layers = await made.backend(endpoint, backend)
    assert.equal(await inward(layers.decoded?.wrap), 'high')
    assert.equal(await inward(layers.transport?.wrap), 't/cache, low')
    assert.deepEqual(described(made.service.outer, made.service.inner), ['service/outer t/cors', 'service/inner t/secure'])
    assert.deepEqual(described(layers.decoded, layers.transport), [
      'backend/decoded t/both',
      'backend/transport t/both',
      'backend/transport t/cache'
    ])
  })

  test('get their options, facts, a shared map and a tag; undefined is no stage', async t => {
    const seen: ComponentContext[] = []
    const options: number[] = []
    const component = part('t/sees', 'endpoint router/auth', {
      compile: (given, context) => {
        options.push(given.integer('a', 0))
        seen.push(context)
        context.shared.set(context.scope, context.tag)
        return undefined
      }
    })
    const { made, endpoint, backend } = await host(t, [component], {
      service: { 't/sees': { a: 1 } },
      endpoint: { 't/sees': { a: 2 } },
      backend: { 't/sees': { a: 3 } }
    })
    const layers = await made.endpoint(endpoint)
    assert.equal(layers.router, undefined)
    await made.backend(endpoint, backend)
    assert.deepEqual(options, [1, 2, 3])
    assert.deepEqual(
      [...seen[0]!.shared],
      [
        ['service', '[SERVICE: Router]'],
        ['endpoint', '[ENDPOINT: /x/:id]'],
        ['backend', '[BACKEND: GET /x/:id -> /y/{{.Id}}]']
      ]
    )
    assert.equal(seen[0]!.service.name, 'n')
    assert.equal(seen[0]!.service.env.A, '1')
    assert.equal(seen[0]!.endpointFacts, undefined)
    assert.deepEqual(seen[1]!.endpointFacts!.urlPatterns, ['/y/{id}'])
    assert.equal(seen[1]!.endpointFacts!.timeoutMs, 3000)
    assert.equal(seen[2]!.backendFacts!.goPattern, '/y/{{.Id}}')
    assert.equal(seen[2]!.urlPattern, '/y/{id}')
  })

  test('a fault stops the start with the pointer of the option', async t => {
    const fails = part('t/fails', 'endpoint router/auth', { compile: (_o, context) => context.fail('/url', 'no such file') })
    const throws = part('t/throws', 'endpoint router/auth', { compile: () => assert.fail('odd') })
    for (const [component, pointer, text] of [
      [fails, '/endpoints/0/extra_config/t~1fails/url', 'no such file'],
      [throws, '/endpoints/0/extra_config/t~1throws', 'odd']
    ] as const) {
      const { made, endpoint } = await host(t, [component], { endpoint: { [component.namespace]: {} } })
      await assert.rejects(made.endpoint(endpoint), (error: ConfigError) => {
        assert.equal(error.problems[0]!.pointer, pointer)
        assert.equal(error.problems[0]!.message, text)
        return true
      })
    }
  })

  test('in tolerant mode a fault is left out with an ERROR line; a guard refuses instead', async t => {
    const lines: string[] = []
    const logger = { ...silentLogger, error: (...values: unknown[]) => void lines.push(values.join(' ')) }
    const fails = part('t/fails', 'endpoint router/ratelimit', { compile: () => assert.fail('odd') })
    const guard = part('t/guard', 'endpoint router/auth', { compile: () => assert.fail('no key'), guard: true })
    const { made, endpoint } = await host(
      t,
      [fails, guard],
      { endpoint: { 't/fails': {}, 't/guard': {} } },
      { tolerant: true, logger }
    )
    const layers = await made.endpoint(endpoint)
    await assert.rejects(inward(layers.router?.wrap), { code: 'SLUICE_ERR_GATEWAY_REJECTED' })
    assert.match(lines[0]!, /^\[ENDPOINT: \/x\/:id\]\[t\/fails\] left out: .*odd/)
    assert.match(lines[1]!, /^\[ENDPOINT: \/x\/:id\]\[t\/guard\] refuses every request: .*no key/)
  })

  test('what they left to be run at the end runs once, last come first, whatever fails', async t => {
    const order: string[] = []
    const make = (name: string): Component =>
      part(name, 'service outer/cors', {
        compile: (_o, context) => {
          context.onClose(() => {
            order.push(name)
            if (name === 't/b') throw new Error('stuck')
          })
          return undefined
        }
      })
    const { made }: { made: PluginHost } = await host(t, [make('t/a'), make('t/b'), make('t/c')], {
      service: { 't/a': {}, 't/b': {}, 't/c': {} }
    })
    await made.close()
    await made.close()
    assert.deepEqual(order, ['t/c', 't/b', 't/a'])
  })
})
