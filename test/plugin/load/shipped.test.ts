import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigError } from '../../../src/errors.js'
import { createGateway } from '../../../src/gateway.js'
import { type Component, defineComponent, GatewayResponse } from '../../../src/plugin/index.js'
import { findComponents } from '../../../src/plugin/load/shipped.js'
import { openGateway } from '../../support/open-gateway.js'
import { fetch } from '../../support/waiting.js'

const answering = (namespace: string, more: Partial<Component> = {}): Component =>
  defineComponent({
    namespace,
    scopes: ['endpoint'],
    slots: { endpoint: 'router/auth' },
    schema: {
      type: 'object',
      description: 'Sends a text',
      properties: { text: { type: 'string' } },
      additionalProperties: false
    },
    compile(options) {
      const text = options.text('text')
      return () => () => Promise.resolve(GatewayResponse.text(text))
    },
    ...more
  })

const endpoints = (namespace: string, options: object) => [
  {
    endpoint: '/x',
    output_encoding: 'no-op',
    backend: [{ host: ['http://127.0.0.1:9999'], url_pattern: '/' }],
    extra_config: { [namespace]: options }
  }
]

test('components are loaded when they are named, in the order of the list', async () => {
  const components = await findComponents([answering('my/answer')], [])
  const { registry, namespaces } = await components.load(new Set(['security/cors', 'auth/signer', 'unknown']))
  assert.deepEqual([...registry.keys()], ['auth/signer', 'security/cors', 'my/answer'])
  assert.deepEqual(
    namespaces.map(one => one.namespace),
    [...registry.keys()]
  )
})

describe('components that code hands over', () => {
  // the second is a namespace of KrakenD that does not come with the gateway
  for (const namespace of ['my/answer', 'auth/api-keys']) {
    test(`read their namespace, ${namespace}`, async t => {
      const { origin } = await openGateway(
        t,
        { endpoints: endpoints(namespace, { text: 'mine' }) },
        { components: [answering(namespace)] }
      )
      assert.equal(await (await fetch(`${origin}/x`)).text(), 'mine')
    })
  }

  test('have their options checked, with their place', async () => {
    await assert.rejects(
      createGateway({ version: 3, endpoints: endpoints('my/answer', { text: 5 }) }, { components: [answering('my/answer')] }),
      error => {
        assert.ok(error instanceof ConfigError)
        assert.equal(error.problems[0]!.pointer, '/endpoints/0/extra_config/my~1answer/text')
        return true
      }
    )
  })

  test('exist for their gateway alone', async () => {
    const gateway = await createGateway({ version: 3, endpoints: endpoints('my/answer', { text: 'x' }) })
    assert.match(JSON.stringify(gateway.config.problems), /my\/answer/)
    await gateway.close()
  })

  const clashes: [what: string, components: Component[]][] = [
    ['a shipped component', [answering('security/cors')]],
    ['the gateway itself', [answering('router')]],
    ['another one', [answering('my/a'), answering('my/a')]],
    ['another one by a second name', [answering('my/a'), answering('my/b', { aliases: ['my/a'] })]]
  ]
  for (const [what, components] of clashes) {
    test(`cannot take the namespace of ${what}`, async () => {
      await assert.rejects(createGateway({ version: 3, endpoints: [] }, { components }), error => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message, /components\[\d\]: the namespace \S+ is taken/)
        return true
      })
    })
  }
})
