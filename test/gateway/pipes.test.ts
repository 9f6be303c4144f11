/** What boot says of the pipes that it builds: every kind of stage, in its place. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type BackendInput, createGateway, type GatewayOptions, type PipeDescription, type PipeStage } from '../../src/index.js'

const HOST = ['http://up.test:9000']
const backend = (more: object = {}): BackendInput => ({ host: HOST, url_pattern: '/b', ...more })

/** The pipe of one endpoint; `service` has other root keys. */
async function pipeOf(
  t: TestContext,
  endpoint: object,
  service: object = {},
  options: GatewayOptions = {}
): Promise<PipeDescription> {
  const config = { version: 3 as const, ...service, endpoints: [{ endpoint: '/x', backend: [backend()], ...endpoint }] }
  const gateway = await createGateway(config, options)
  t.after(() => gateway.close())
  return gateway.pipes[0]!
}

/** `place name` of stages, and `!` or `?` where they hold or may hold a body. */
function said(stages: readonly PipeStage[]): string[] {
  return stages.map(stage => `${stage.place} ${stage.name}${{ no: '', may: '?', yes: '!' }[stage.holdsBody]}`)
}

const noteOf = (stages: readonly PipeStage[], name: string): string | undefined => stages.find(stage => stage.name === name)?.note

describe('the pipe of an endpoint', () => {
  test('is direct where nothing stands between the sockets', async t => {
    const pipe = await pipeOf(t, { output_encoding: 'no-op' })
    assert.deepEqual(
      [pipe.method, pipe.path, pipe.pipe, pipe.direct, pipe.backends.length],
      ['GET', '/x', 'passthrough', true, 1]
    )
    assert.deepEqual(said(pipe.stages), [
      'endpoint/timeout timeout 2000 ms',
      'endpoint/lists input lists',
      'endpoint/writer bytes'
    ])
    assert.deepEqual(said(pipe.backends[0]!.stages), ['backend/call call'])
    assert.equal(pipe.backends[0]!.target, 'http://up.test:9000/b')
  })

  test('is not direct when a stage of the service or a function in code stands in front', async t => {
    const cors = { extra_config: { 'security/cors': { allow_origins: ['*'] } } }
    const staged = await pipeOf(t, { output_encoding: 'no-op' }, cors)
    assert.deepEqual([staged.direct, said(staged.stages)[0]], [false, 'service/outer security/cors'])
    const secured = await pipeOf(t, { output_encoding: 'no-op' }, { extra_config: { 'security/http': { frame_deny: true } } })
    assert.deepEqual([secured.direct, said(secured.stages)[0]], [false, 'service/inner security/http'])
    const wrapped = await pipeOf(
      t,
      { output_encoding: 'no-op' },
      {},
      { wrapService: next => next, wrapEndpoint: () => next => next, wrapBackend: () => next => next }
    )
    assert.equal(wrapped.direct, false)
    assert.deepEqual(said(wrapped.stages), [
      'service/outer wrapService?',
      'endpoint/timeout timeout 2000 ms',
      'endpoint/router wrapEndpoint?',
      'endpoint/lists input lists',
      'endpoint/writer bytes'
    ])
    assert.deepEqual(said(wrapped.backends[0]!.stages), ['backend/transport wrapBackend?', 'backend/call call'])
  })

  test('holds no more than it must with one JSON backend whose data is shaped', async t => {
    const pipe = await pipeOf(t, { backend: [backend({ allow: ['a'] })] })
    assert.deepEqual(said(pipe.stages), [
      'endpoint/timeout timeout 2000 ms',
      'endpoint/lists input lists',
      'endpoint/writer render json?'
    ])
    const [only] = pipe.backends
    assert.deepEqual(said(only!.stages), ['backend/decoding shape!', 'backend/decoding decode json!', 'backend/call call'])
    assert.match(noteOf(only!.stages, 'decode json')!, /up to 10 MiB; a larger body is shaped while it flows/)
  })

  for (const [what, endpoint] of Object.entries<object>({
    'XML output': { output_encoding: 'xml' },
    'static data': { extra_config: { proxy: { static: { strategy: 'always', data: { a: 1 } } } } },
    'concurrent calls': { concurrent_calls: 2 },
    'data that is not shaped': { backend: [backend()] },
    'a breaker': {
      backend: [
        backend({
          allow: ['a'],
          extra_config: { 'qos/circuit-breaker': { interval: 60, timeout: 10, max_errors: 1 } }
        })
      ]
    }
  })) {
    test(`does not say that bodies flow with ${what}`, async t => {
      const pipe = await pipeOf(t, { backend: [backend({ allow: ['a'] })], ...endpoint })
      assert.ok(said(pipe.stages).some(line => /writer render (json|xml)!$/.test(line)))
      assert.equal(noteOf(pipe.backends[0]!.stages, 'decode json'), 'up to 10 MiB')
    })
  }

  test('names the encodings that are used in fact', async t => {
    const unknown = await pipeOf(t, { output_encoding: 'no-such', backend: [backend({ encoding: 'no-such-either' })] })
    assert.ok(said(unknown.stages).includes('endpoint/writer render json!'))
    assert.ok(said(unknown.backends[0]!.stages).includes('backend/decoding decode json!'))
    const text = await pipeOf(t, { output_encoding: 'no-such', backend: [backend({ encoding: 'string' })] })
    assert.ok(said(text.stages).includes('endpoint/writer render string!'))
    assert.ok(said(text.backends[0]!.stages).includes('backend/decoding decode string!'))
    const csv = { decode: () => ({}), render: () => ({ contentType: 'text/csv', body: '' }) }
    const own = await pipeOf(t, { output_encoding: 'csv', backend: [backend({ encoding: 'csv' })] }, {}, { encodings: { csv } })
    assert.ok(said(own.stages).includes('endpoint/writer render csv!'))
    assert.ok(said(own.backends[0]!.stages).includes('backend/decoding decode csv!'))
  })

  test('merges in parallel, with static data and flatmap outside of the merge', async t => {
    const pipe = await pipeOf(t, {
      extra_config: {
        proxy: { static: { strategy: 'incomplete', data: {} }, flatmap_filter: [{ type: 'del', args: ['a'] }] }
      },
      backend: [backend(), backend({ encoding: 'xml', group: 'g' })]
    })
    assert.deepEqual(said(pipe.stages).slice(2), [
      'endpoint/writer render json!',
      'endpoint/static static (incomplete)',
      'endpoint/merge flatmap_filter!',
      'endpoint/merge request body!',
      'endpoint/merge merge (parallel)!'
    ])
    assert.deepEqual(said(pipe.backends[0]!.stages), ['backend/decoding decode json!', 'backend/call call'])
    assert.deepEqual(said(pipe.backends[1]!.stages), [
      'backend/decoding shape!',
      'backend/decoding decode xml!',
      'backend/call call'
    ])
  })

  test('asks in sequence, and holds the text of a no-op part that a later one wants', async t => {
    const sequence = { proxy: { sequential: true, sequential_propagated_params: ['resp0'] } }
    const pipe = await pipeOf(t, {
      extra_config: sequence,
      backend: [backend({ encoding: 'no-op' }), backend({ encoding: 'no-op', url_pattern: '/c' })]
    })
    assert.ok(said(pipe.stages).includes('endpoint/merge merge (sequential)!'))
    assert.deepEqual(said(pipe.backends[0]!.stages), ['backend/decoding text!', 'backend/call call'])
    assert.deepEqual(said(pipe.backends[1]!.stages), ['backend/decoding discard', 'backend/call call'])
  })

  test('copies requests to shadow backends, which have a pipe of their own', async t => {
    const shadow = { extra_config: { proxy: { shadow: true, shadow_timeout: '3s' } } }
    const pipe = await pipeOf(t, { backend: [backend(), backend({ url_pattern: '/s', ...shadow })] })
    const copying = pipe.stages.find(stage => stage.name === 'shadow')!
    assert.deepEqual([copying.place, copying.holdsBody], ['endpoint/shadow', 'yes'])
    assert.match(copying.note!, /3000 ms/)
    assert.deepEqual(
      copying.copy!.backends.map(one => [one.target, said(one.stages)]),
      [['http://up.test:9000/s', ['backend/decoding decode json!', 'backend/call call']]]
    )
    assert.deepEqual(
      pipe.backends.map(one => one.target),
      ['http://up.test:9000/b']
    )
    const alone = await pipeOf(t, { backend: [backend(shadow)] }, {}, { tolerant: true })
    assert.ok(said(alone.stages).includes('endpoint/merge fails every request'))
    assert.deepEqual(alone.backends, [])
  })

  test('holds request bodies that may be sent again', async t => {
    const twice = await pipeOf(t, { output_encoding: 'no-op', concurrent_calls: 3 })
    assert.deepEqual(said(twice.stages).slice(3), ['endpoint/merge request body!', 'endpoint/merge concurrent_calls 3'])
    const again = await pipeOf(t, {
      output_encoding: 'no-op',
      backend: [backend({ extra_config: { 'backend/http/client': { send_body_on_redirect: true } } })]
    })
    assert.deepEqual([again.direct, said(again.stages).slice(3)], [false, ['endpoint/merge request body!']])
  })

  test('has validators, limits and caches in their places', async t => {
    const pipe = await pipeOf(t, {
      method: 'POST',
      extra_config: {
        'qos/ratelimit/router': { max_rate: 5 },
        'validation/cel': [{ check_expr: 'true' }],
        'validation/json-schema': { type: 'object' }
      },
      backend: [
        backend({
          method: 'GET',
          extra_config: {
            'qos/http-cache': {},
            'qos/ratelimit/proxy': { max_rate: 5, capacity: 5 },
            'qos/circuit-breaker': { interval: 60, timeout: 10, max_errors: 1 }
          }
        })
      ]
    })
    const places = said(pipe.stages).map(line => line.replace(/[!?]$/, ''))
    assert.deepEqual(places, [
      'endpoint/timeout timeout 2000 ms',
      'endpoint/router qos/ratelimit/router',
      'endpoint/lists input lists',
      'endpoint/writer render json',
      'endpoint/proxy validation/cel',
      'endpoint/proxy validation/json-schema'
    ])
    assert.equal(pipe.stages.find(stage => stage.name === 'validation/json-schema')!.holdsBody, 'yes')
    assert.deepEqual(
      pipe.backends[0]!.stages.map(stage => `${stage.place} ${stage.name}`),
      [
        'backend/decoded qos/circuit-breaker',
        'backend/decoded qos/ratelimit/proxy',
        'backend/decoding decode json',
        'backend/transport qos/http-cache',
        'backend/call call'
      ]
    )
  })

  test('has each plugin by its name, with what it promised to need', async t => {
    const module = {
      HandlerRegisterer: {
        registerHandlers(register: (name: string, factory: never, about?: object) => void) {
          const pass = ((_context: unknown, _extra: unknown, next: unknown) => next) as never
          register('looks', pass, { needs: 'head' })
          register('streams', pass, { needs: 'stream' })
        }
      },
      ModifierRegisterer: {
        registerModifiers(register: (name: string, factory: never, about?: object) => void) {
          const edit = (() => ({ response() {} })) as never
          register('tokens', edit, { needs: 'stream' })
          register('data', edit, { needs: 'data' })
          register('anything', edit)
        }
      }
    }
    const modifiers = { 'plugin/req-resp-modifier': { name: ['tokens', 'data', 'anything'] } }
    const pipe = await pipeOf(
      t,
      { extra_config: { 'plugin/http-server': { name: ['looks', 'streams'] }, ...modifiers }, backend: [backend()] },
      {},
      { plugins: [module as never] }
    )
    assert.deepEqual(said(pipe.stages), [
      'endpoint/timeout timeout 2000 ms',
      'endpoint/lists input lists',
      'endpoint/handlers plugin/http-server: streams',
      'endpoint/handlers plugin/http-server: looks',
      'endpoint/writer render json!',
      'endpoint/modifiers plugin/req-resp-modifier: tokens',
      'endpoint/modifiers plugin/req-resp-modifier: data!',
      'endpoint/modifiers plugin/req-resp-modifier: anything?'
    ])
  })

  test('fails where KrakenD would fail every request', async t => {
    const queue = { 'backend/amqp/consumer': { name: 'q', exchange: 'e' } }
    const pipe = await pipeOf(t, { backend: [backend({ extra_config: queue })] }, {}, { tolerant: true })
    const all = [...pipe.stages, ...pipe.backends.flatMap(one => one.stages)]
    const failing = all.find(stage => stage.name.startsWith('fails every'))
    assert.match(failing?.note ?? '', /./)
  })
})

test('a gateway prints its pipes as a tree, as JSON and as a diagram', async t => {
  const gateway = await createGateway({ version: 3, endpoints: [{ endpoint: '/x', backend: [backend()] }] })
  t.after(() => gateway.close())
  assert.match(gateway.describePipes(), /^GET \/x {2}aggregate\n├─ timeout 2000 ms/)
  assert.deepEqual(JSON.parse(gateway.describePipes({ json: true })), JSON.parse(JSON.stringify(gateway.pipes)))
  assert.match(gateway.describePipes({ mermaid: true }), /^flowchart LR\n/)
})
