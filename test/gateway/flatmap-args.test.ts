/** `flatmap_filter` without its arguments: refused at the start; tolerant, each request fails as in KrakenD. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGateway } from '../support/open-gateway.js'
import { openUpstream, sendJson } from '../support/upstream.js'

const filter = (type: string, args?: unknown) => ({
  proxy: { flatmap_filter: [{ type, ...(args === undefined ? {} : { args }) }] }
})

test('operations without their arguments', async t => {
  const upstream = await openUpstream(t, (_req, res) => sendJson(res, '{"a":1,"b":[2],"c":[3]}'))
  const backend = (extra_config: object) => ({ host: [upstream.origin], url_pattern: '/x', extra_config })
  const cases = [
    ['move', ['a'], 500],
    ['move', [], 500],
    ['move', undefined, 500],
    ['append', ['b'], 500],
    ['append', [1, 2], 500],
    ['del', ['a', 5], 500],
    ['del', [], 200],
    ['del', undefined, 200],
    ['nop', [], 200]
  ] as const
  const endpoints = cases.map(([type, args], i) => ({ endpoint: `/one/${i}`, backend: [backend(filter(type, args))] }))
  const merged = cases.map(([type, args], i) => ({
    endpoint: `/merged/${i}`,
    backend: [backend({}), backend({})],
    extra_config: filter(type, args)
  }))
  const more = [
    { endpoint: '/three', backend: [backend(filter('move', ['a', 'x', 'y']))] },
    { endpoint: '/no-op', output_encoding: 'no-op', backend: [backend(filter('move', ['a']))] },
    { endpoint: '/partly', backend: [{ ...backend(filter('move', ['a'])), group: 'g' }, backend({})] }
  ]
  for (const endpoint of [...endpoints.slice(0, 8), ...merged.slice(0, 8)]) {
    await assert.rejects(openGateway(t, { endpoints: [endpoint] }), /flatmap_filter/)
  }
  const { origin } = await openGateway(t, { endpoints: [...endpoints, ...merged, ...more] }, { tolerant: true })
  for (const [i, [type, args, status]] of cases.entries()) {
    for (const form of ['one', 'merged']) {
      const response = await fetch(`${origin}/${form}/${i}`)
      assert.equal(response.status, status, `${form} ${type} ${JSON.stringify(args)}`)
      const body = await response.text()
      assert.equal(body, status === 500 ? '' : '{"a":1,"b":[2],"c":[3]}')
    }
  }
  assert.equal(await (await fetch(`${origin}/three`)).text(), '{"x":1,"b":[2],"c":[3]}')
  assert.equal((await fetch(`${origin}/no-op`)).status, 200)
  const partly = await fetch(`${origin}/partly`)
  assert.equal(partly.headers.get('x-krakend-completed'), 'false')
  assert.equal(await partly.text(), '{"a":1,"b":[2],"c":[3]}')
})
