import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../../../support/free-port.js'
import { openGateway } from '../../../support/open-gateway.js'
import { openUpstream } from '../../../support/upstream.js'

test('metrics tell how often scripts ran, and how they failed', async t => {
  const port = await freePort()
  const upstream = await openUpstream(t, (_req, res) => res.end('{}'))
  const pre = `local p = request.load():params('Kind')
    if p == 'error' then error('x') elseif p == 'refused' then custom_error('no', 403) elseif p == 'limit' then while true do end end`
  const { gateway } = await openGateway(t, {
    extra_config: { 'telemetry/opentelemetry': { exporters: { prometheus: [{ name: 'p', port, host: '127.0.0.1' }] } } },
    endpoints: [
      {
        endpoint: '/a/{kind}',
        backend: [{ host: [upstream.origin], url_pattern: '/' }],
        extra_config: { 'modifier/lua-proxy': { pre, limits: { steps: 10_000 } } }
      }
    ]
  })
  for (const [kind, status] of [
    ['fine', 200],
    ['error', 500],
    ['refused', 403],
    ['refused', 403],
    ['limit', 500]
  ] as const)
    assert.equal((await gateway.request(`/a/${kind}`)).status, status)
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const place = 'scope="endpoint",krakend_endpoint_route="/a/{kind}",krakend_endpoint_method="GET"'
  for (const line of [
    `sluice_script_runs_total{${place}} 5`,
    `sluice_script_failures_total{${place},reason="error"} 1`,
    `sluice_script_failures_total{${place},reason="limit"} 1`,
    `sluice_script_failures_total{${place},reason="refused"} 2`
  ])
    assert.ok(text.includes(`${line}\n`), `${line} in ${text.match(/^sluice_script.*$/gm)?.join('\n')}`)
  assert.match(text, /^sluice_stage_duration_seconds_count\{stage="modifier\/lua-proxy".*\} 5$/m)
})
