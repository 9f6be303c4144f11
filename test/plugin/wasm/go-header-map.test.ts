/**
 * Server plugins in a row have one map of the response's fields: what the outer one has set, the inner one sees, changes and takes away.
 *
 * The expected responses were given by KrakenD 2.13.8 with the same source as a `.so`. Where Sluice differs on purpose, a comment says so.
 */

import assert from 'node:assert/strict'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { GatewayResponse } from '../../../src/plugin/index.js'
import { type Answer, ask } from '../../support/client.js'
import { openGateway } from '../../support/open-gateway.js'
import { handlers, startUpstream } from '../support.js'
import { fixture, needsGo } from './go-fixtures.js'
import { drop, guest, host } from './guest.js'
import { folderWith } from './support.js'

/** JavaScript between plugins in Go. */
const BETWEEN = handlers({
  passes: (_c, _e, next) => async request => {
    await null
    return next(request)
  },
  sets: (_c, _e, next) => async request => {
    const response = await next(request)
    response.headers.set('X-A', 'js')
    return response
  },
  clones: (_c, _e, next) => request => next(request.clone()),
  twice: (_c, _e, next) => async request => {
    const first = await next(request.clone())
    first.discard()
    return next(request)
  },
  again: (_c, _e, next) => async request => {
    const first = await next(request)
    first.discard()
    return next(request)
  },
  responds: () => () => GatewayResponse.text('js', { headers: { 'X-A': 'js' } }),
  replaces: (_c, _e, next) => async request => {
    const inner = await next(request)
    inner.discard()
    return GatewayResponse.text('js')
  }
})

const GUEST = guest({
  start: [drop(host.enable_features!(2))],
  request: [host.set_header_value!(0, 'X-Guest', 'in')],
  response: [host.set_header_value!(1, 'X-Guest', 'out')]
})

interface Chain {
  /** From the outermost to the innermost. */
  readonly service?: readonly string[]
  readonly endpoint?: readonly string[]
}

async function open(t: TestContext, { service = ['map-1', 'map-2', 'map-3'], endpoint = [] }: Chain): Promise<number> {
  const up = await startUpstream(t, (req, res) => {
    res.setHeader('Content-Type', req.url === '/json' ? 'application/json' : 'text/plain')
    res.setHeader('X-Up', '1')
    for (const one of String(req.headers['x-send'] ?? '').split(';')) {
      const [name = '', value = ''] = one.split('=')
      if (name !== '') res.setHeader(name, value)
    }
    res.statusCode = Number(req.headers['x-code'] ?? 200)
    res.end(req.url === '/json' ? '{"a":1}' : 'hello')
  })
  const go = path.join(await fixture('header-map'), 'header-map.so.wasm')
  const folder = await folderWith(t, { 'guest.wasm': GUEST })
  const row = (names: readonly string[]): object =>
    names.length === 0 ? {} : { extra_config: { 'plugin/http-server': { name: names.toReversed() } } }
  const gateway = await openGateway(
    t,
    {
      plugin: { folder, pattern: '.wasm', modules: [go] },
      ...row(service),
      endpoints: [
        {
          endpoint: '/x',
          output_encoding: 'no-op',
          input_headers: ['*'],
          backend: [{ host: [up.host], url_pattern: '/', encoding: 'no-op' }],
          ...row(endpoint)
        },
        { endpoint: '/json', input_headers: ['*'], backend: [{ host: [up.host], url_pattern: '/json' }], ...row(endpoint) }
      ]
    },
    { plugins: [BETWEEN] }
  )
  return gateway.port
}

interface Case {
  /** Steps of `map-1`, `map-2`, `map-3`; without: `next`. */
  readonly steps: readonly string[]
  /** Status, fields by name, body. */
  readonly gives: readonly [number, string, string]
  readonly at?: string
  readonly method?: string
  readonly headers?: readonly string[]
}

const LEFT_OUT = /^(?:date|server|connection|keep-alive|content-length|transfer-encoding|vary|x-krakend.*|x-sluice.*)$/i

/** `Name: value`, by name; values of one name as they came. */
function fieldsOf({ rawHeaders }: Answer): string {
  const lines: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!LEFT_OUT.test(rawHeaders[i]!)) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  }
  const nameOf = (line: string): string => line.slice(0, line.indexOf(':'))
  return lines.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0)).join(' | ')
}

const doing = (steps: readonly string[]): string[] => steps.flatMap((step, i) => (step === '' ? [] : [`X-Do-${i + 1}`, step]))

async function check(port: number, cases: readonly Case[]): Promise<void> {
  for (const { steps, gives, at = '/x', method = 'GET', headers = [] } of cases) {
    const answer = await ask(port, at, { method, headers: [...doing(steps), ...headers] })
    assert.deepEqual([answer.status, fieldsOf(answer), answer.text], gives, `${method} ${at} ${steps.join(' / ')}`)
  }
}

const PLAIN = 'Content-Type: text/plain'
const SNIFFED = 'Content-Type: text/plain; charset=utf-8'

test('the inner plugin sees what the outer one has set, replaces it, adds to it, takes it away', needsGo, async t => {
  const port = await open(t, {})
  await check(port, [
    {
      steps: ['set X-A=1; next', 'see; set X-A=2; next'],
      gives: [200, `${PLAIN} | X-A: 2 | X-Seen-2: X-A=1 | X-Up: 1`, 'hello']
    },
    { steps: ['set X-A=1; next', 'add X-A=2; next'], gives: [200, `${PLAIN} | X-A: 1 | X-A: 2 | X-Up: 1`, 'hello'] },
    { steps: ['set X-A=1; next', 'del X-A; next'], gives: [200, `${PLAIN} | X-Up: 1`, 'hello'] },
    {
      steps: ['set X-A=1; next', 'see; next', 'see; add X-A=3; next'],
      gives: [200, `${PLAIN} | X-A: 1 | X-A: 3 | X-Seen-2: X-A=1 | X-Seen-3: X-A=1 | X-Up: 1`, 'hello']
    },
    { steps: ['set X-A=1; next', 'del X-A; next', 'see; next'], gives: [200, `${PLAIN} | X-Seen-3:  | X-Up: 1`, 'hello'] },
    {
      steps: ['set X-A=1; next', 'set X-A=2; next'],
      headers: ['X-Send', 'X-A=up'],
      gives: [200, `${PLAIN} | X-A: 2 | X-A: up | X-Up: 1`, 'hello']
    },
    {
      steps: ['add Set-Cookie=a=1; next', 'see; add Set-Cookie=b=2; next'],
      headers: ['X-Send', 'Set-Cookie=c'],
      gives: [200, `${PLAIN} | Set-Cookie: a=1 | Set-Cookie: b=2 | Set-Cookie: c | X-Seen-2: Set-Cookie=a=1 | X-Up: 1`, 'hello']
    },
    { steps: ['set X-Up=one; next', 'see; next'], gives: [200, `${PLAIN} | X-Seen-2: X-Up=one | X-Up: one | X-Up: 1`, 'hello'] },
    { steps: ['set X-A=1; next; set X-A=late', 'set X-A=2; next'], gives: [200, `${PLAIN} | X-A: 2 | X-Up: 1`, 'hello'] }
  ])
})

test('a plugin that responds itself has the same map', needsGo, async t => {
  const port = await open(t, {})
  await check(port, [
    { steps: ['set X-A=1; next', 'see; set X-A=2; write own'], gives: [200, `${SNIFFED} | X-A: 2 | X-Seen-2: X-A=1`, 'own'] },
    { steps: ['set X-A=1; next', 'see; del X-A; code 204'], gives: [204, 'X-Seen-2: X-A=1', ''] },
    { steps: ['set Content-Type=text/one; next', 'write own'], gives: [200, 'Content-Type: text/one', 'own'] },
    {
      steps: ['set Content-Type=text/one; next', 'set Content-Type=text/two; write own'],
      gives: [200, 'Content-Type: text/two', 'own']
    },
    {
      method: 'HEAD',
      steps: ['set X-A=1; next', 'see; set X-A=2; write own'],
      gives: [200, `${SNIFFED} | X-A: 2 | X-Seen-2: X-A=1`, '']
    }
  ])
})

test('the type of a plugin: the innermost that sets it counts', needsGo, async t => {
  const port = await open(t, {})
  await check(port, [
    // KrakenD sends the backend's type besides
    {
      steps: ['set Content-Type=text/one; next', 'set Content-Type=text/two; next'],
      gives: [200, 'Content-Type: text/two | X-Up: 1', 'hello']
    },
    { steps: ['set Content-Type=text/one; next'], gives: [200, 'Content-Type: text/one | X-Up: 1', 'hello'] },
    { steps: ['set Content-Type=text/one; next', 'del Content-Type; next'], gives: [200, `${PLAIN} | X-Up: 1`, 'hello'] }
  ])
})

test('wrappers hand in the map that they show, recorders one of their own', needsGo, async t => {
  const port = await open(t, {})
  await check(port, [
    {
      steps: ['set X-A=1; status; next', 'see; set X-A=2; next'],
      gives: [200, `${PLAIN} | X-A: 2 | X-Seen-2: X-A=1 | X-Status: 200 | X-Up: 1`, 'hello']
    },
    {
      steps: ['set X-A=1; change; next', 'set X-A=2; next'],
      gives: [201, `${PLAIN} | X-B: changed | X-Heard: ${PLAIN.replace(': ', '=')} X-A=2 X-Up=1 | X-Up: 1`, 'hello']
    },
    {
      steps: ['set X-A=1; next', 'change; next'],
      gives: [201, `${PLAIN} | X-B: changed | X-Heard: ${PLAIN.replace(': ', '=')} X-A=1 X-Up=1 | X-Up: 1`, 'hello']
    },
    {
      steps: ['set X-A=1; capture; next', 'see; set X-A=2; next'],
      gives: [200, `${PLAIN} | X-A: 2 | X-Seen-2: X-A=1 | X-Up: 1`, 'HELLO']
    },
    { steps: ['set X-A=1; capture; next', 'set X-A=2; write own'], gives: [200, `${SNIFFED} | X-A: 2`, 'OWN'] },
    {
      steps: ['set X-A=1; next', 'capture; see; set X-A=2; next'],
      gives: [200, `${PLAIN} | X-A: 2 | X-Seen-2: X-A=1 | X-Up: 1`, 'HELLO']
    },
    { steps: ['set X-A=1; record', 'see; add X-A=2; next'], gives: [200, `${PLAIN} | X-A: 2 | X-Seen-2:  | X-Up: 1`, 'hello'] },
    {
      steps: ['set X-A=1; next', 'set X-A=2; record', 'see; set X-C=3; next'],
      gives: [200, `${PLAIN} | X-A: 2 | X-C: 3 | X-Seen-3:  | X-Up: 1`, 'hello']
    }
  ])
})

test('next is called twice', needsGo, async t => {
  const port = await open(t, {})
  await check(port, [
    {
      steps: ['set X-A=1; forget; next', 'see; set X-A=2; next'],
      gives: [200, `${PLAIN} | X-A: 2 | X-Seen-2: X-A=1 | X-Up: 1`, 'hello']
    },
    { steps: ['set X-A=1; next', 'forget; see; next'], gives: [200, `${PLAIN} | X-A: 1 | X-Seen-2: X-A=1 | X-Up: 1`, 'hello'] },
    {
      steps: ['set X-A=1; next; next', 'see; add X-A=2; next'],
      gives: [200, `${PLAIN} | X-A: 1 | X-A: 2 | X-Seen-2: X-A=1 | X-Up: 1`, 'hello']
    }
  ])
})

test('a status that is set closes the head: what comes later, from further in too, is not sent', needsGo, async t => {
  const port = await open(t, {})
  await check(port, [
    { steps: ['code 202; next', 'set X-A=2; next'], gives: [202, SNIFFED, 'hello'] },
    { steps: ['set X-A=1; code 202; next', 'see; set X-A=2; write own'], gives: [202, `${SNIFFED} | X-A: 1`, 'own'] },
    { steps: ['set X-A=1; next', 'code 203; next'], gives: [203, `${SNIFFED} | X-A: 1`, 'hello'] },
    { steps: ['set X-A=1; code 202; set X-Late=1; write own'], gives: [202, `${SNIFFED} | X-A: 1`, 'own'] },
    { steps: ['set X-A=1; write own; set X-Late=1'], gives: [200, `${SNIFFED} | X-A: 1`, 'own'] },
    { steps: ['set X-A=1; flush; set X-Late=1; write own'], gives: [200, 'X-A: 1', 'own'] },
    { steps: ['set X-A=1; next', 'flush; set X-A=2; write own'], gives: [200, 'X-A: 1', 'own'] }
  ])
})

test('after next the map holds what the client gets', needsGo, async t => {
  const port = await open(t, {})
  const kept = async (...steps: string[]): Promise<string[]> => {
    await ask(port, '/x', { headers: doing(steps) })
    const told = await ask(port, '/x', { headers: doing(['tell; next']) })
    return String(told.headers['x-kept']).split(' | ').sort()
  }
  assert.deepEqual(await kept('set X-A=1; next; keep', 'set X-A=2; next; keep'), [
    '1 Content-Type=text/plain X-A=2 X-Up=1',
    '2 Content-Type=text/plain X-A=2 X-Up=1'
  ])
  assert.deepEqual(await kept('set X-A=1; status; next; keep', 'add X-A=2; next; keep'), [
    '1 Content-Type=text/plain X-A=1,2 X-Status=200 X-Up=1',
    '2 Content-Type=text/plain X-A=1,2 X-Status=200 X-Up=1'
  ])
})

test('responses of the gateway get what was left: data, errors, no endpoint', needsGo, async t => {
  const port = await open(t, {})
  const steps = ['set X-A=1; next', 'set X-A=2; next']
  await check(port, [
    { steps, at: '/json', gives: [200, 'Content-Type: application/json; charset=utf-8 | X-A: 2', '{"a":1}'] },
    { steps, at: '/nowhere', gives: [404, `${PLAIN} | X-A: 2`, '404 page not found'] },
    { steps, headers: ['X-Code', '404'], gives: [404, `${PLAIN} | X-A: 2 | X-Up: 1`, 'hello'] },
    { steps, at: '/json', headers: ['X-Code', '404'], gives: [500, 'X-A: 2', ''] }
  ])
})

test('trailers that the outer plugin announced are those of the plugin that responds', needsGo, async t => {
  const port = await open(t, {})
  const steps = ['set Trailer=X-T; set X-A=1; next', 'see; write own; flush; set X-T=t']
  const { rawTrailers, text, headers } = await ask(port, '/x', { headers: [...doing(steps), 'TE', 'trailers'] })
  assert.deepEqual([rawTrailers, text, headers['x-a'], headers['x-seen-2']], [['X-T', 't'], 'own', '1', 'X-A=1'])
})

test('the service comes before the endpoint', needsGo, async t => {
  const port = await open(t, { service: ['map-1'], endpoint: ['map-2', 'map-3'] })
  await check(port, [
    {
      steps: ['set X-A=1; next', 'see; add X-A=2; next', 'see; add X-A=3; next'],
      gives: [200, `${PLAIN} | X-A: 1 | X-A: 2 | X-A: 3 | X-Seen-2: X-A=1 | X-Seen-3: X-A=1,2 | X-Up: 1`, 'hello']
    },
    { steps: ['set X-A=1; next', 'see; del X-A; write own'], gives: [200, `${SNIFFED} | X-Seen-2: X-A=1`, 'own'] },
    {
      steps: ['set X-A=1; next', 'set X-A=2; next'],
      at: '/json',
      gives: [200, 'Content-Type: application/json; charset=utf-8 | X-A: 2', '{"a":1}']
    }
  ])
})

test(
  'plugins of other kinds between: a request that they pass on keeps the map, a response of their own gets its fields',
  needsGo,
  async t => {
    const steps = ['set X-A=1; next', 'see; set X-A=2; next']
    const one = `${PLAIN} | X-A: 2 | X-Seen-2: X-A=1 | X-Up: 1`
    for (const [between, gives] of [
      ['passes', [200, one, 'hello']],
      ['clones', [200, one, 'hello']],
      ['twice', [200, one, 'hello']],
      ['again', [200, one, 'hello']],
      ['sets', [200, one.replace('X-A: 2', 'X-A: js'), 'hello']],
      ['guest', [200, one.replace('X-A: 2 |', 'X-A: 2 | X-Guest: out |'), 'hello']],
      ['responds', [200, `${SNIFFED} | X-A: 1 | X-A: js`, 'js']],
      ['replaces', [200, `${SNIFFED} | X-A: 1`, 'js']]
    ] as const) {
      await t.test(between, async t => check(await open(t, { service: ['map-1', between, 'map-2'] }), [{ steps, gives }]))
    }
    await t.test('outside', async t =>
      check(await open(t, { service: ['again', 'map-1', 'map-2'] }), [
        {
          steps: ['see; set X-A=1; next', 'add X-A=2; next'],
          gives: [200, `${PLAIN} | X-A: 1 | X-A: 2 | X-Seen-1:  | X-Up: 1`, 'hello']
        }
      ])
    )
  }
)
