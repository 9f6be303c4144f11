import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayResponse, type HandlerFactory } from '../../src/plugin/index.js'
import { openGateway } from '../support/open-gateway.js'
import { handlers, json, modifiers, startUpstream } from './support.js'

test('isComplete tells whether data is complete; undefined for bytes and for what was rendered', async t => {
  const up = await startUpstream(t, (req, res) =>
    req.url === '/bad' ? res.writeHead(500).end() : json({ [req.url!.slice(1)]: 1 })(req, res)
  )
  const seen: Record<string, boolean | undefined> = {}
  const notes =
    (where: string): HandlerFactory =>
    (_c, _e, next) =>
    async request => {
      const response = await next(request)
      seen[where] = response.isComplete
      return response
    }
  const plugins = [
    handlers({ endpoint: notes('endpoint'), client: notes('client'), own: () => () => GatewayResponse.json({}) }),
    modifiers({ edits: { response: response => void Object.assign(seen, { modifier: response.isComplete }) } })
  ]
  const backend = (path: string): object => ({
    host: [up.host],
    url_pattern: path,
    extra_config: { 'plugin/http-client': { name: 'client' } }
  })
  const extra_config = { 'plugin/http-server': { name: ['endpoint'] }, 'plugin/req-resp-modifier': { name: ['edits'] } }
  const { gateway } = await openGateway(
    t,
    {
      endpoints: [
        { endpoint: '/whole', backend: [backend('/a'), backend('/b')], extra_config },
        { endpoint: '/part', backend: [backend('/a'), backend('/bad')], extra_config },
        { endpoint: '/bytes', output_encoding: 'no-op', backend: [{ ...backend('/a'), encoding: 'no-op' }], extra_config },
        { endpoint: '/own', backend: [backend('/a')], extra_config: { 'plugin/http-server': { name: ['own', 'endpoint'] } } }
      ]
    },
    { plugins }
  )
  const after = async (path: string): Promise<typeof seen> => {
    for (const key of Object.keys(seen)) delete seen[key]
    await gateway.request({ path })
    return { ...seen }
  }
  assert.deepEqual(await after('/whole'), { client: undefined, modifier: true, endpoint: undefined })
  assert.deepEqual(await after('/part'), { client: undefined, modifier: false, endpoint: undefined })
  assert.deepEqual(await after('/bytes'), { client: undefined, modifier: undefined, endpoint: undefined })
  assert.deepEqual(await after('/own'), { endpoint: undefined })
})
