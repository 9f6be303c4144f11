// One gateway with the plugins of one variant, for the served run.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { moduleOf } from './plugins.mjs'

const { DIST, PORT, UPSTREAM, KIND, VARIANT, COUNT } = process.env
const { createGateway } = await import(pathToFileURL(path.join(DIST, 'index.js')).href)
const { names, place, module } = moduleOf(KIND, VARIANT, Number(COUNT))
const extra = names.length > 0 ? { extra_config: { [place]: { name: names } } } : {}
const ofBackend = place === 'plugin/http-client'
const endpoint = file => ({
  endpoint: `/${file}`,
  output_encoding: 'no-op',
  input_headers: ['*'],
  backend: [{ host: [UPSTREAM], url_pattern: `/${file}`, ...(ofBackend ? extra : {}) }],
  ...(ofBackend ? {} : extra)
})
const config = {
  version: 3,
  port: Number(PORT),
  listen_ip: '127.0.0.1',
  timeout: '10s',
  endpoints: ['150.json', '16k.json', '1m.json'].map(endpoint),
  extra_config: { router: { disable_access_log: true }, 'telemetry/logging': { level: 'WARNING', stdout: true } }
}
const gateway = await createGateway(config, { plugins: names.length > 0 ? [module] : [] })
await gateway.listen()
process.on('SIGTERM', () => process.exit(0))
