// What a guest of http-wasm costs by itself, in process and without sockets: `npm run build && node bench/http-wasm.mjs`.
// The guest of examples/http-wasm compares a field, removes it and sets one; beside it a script that does the same, and one that passes on.
import { readFileSync } from 'node:fs'
import { Exchange } from '../dist/message/context.js'
import { RequestMessage } from '../dist/message/request.js'
import { ResponseMessage } from '../dist/message/response.js'
import { compileGuest } from '../dist/plugin/wasm/guest-kind.js'
import { loadHttpGuest } from '../dist/plugin/wasm/http-module.js'
import { silentLogger } from '../dist/telemetry/logger.js'
import { deadlines } from '../dist/telemetry/timer-wheel.js'
import { readSimple } from './peers/options.mjs'

const { requests } = readSimple(
  { requests: { as: 'count', default: '200000', text: 'requests of each' } },
  'node bench/http-wasm.mjs: what a guest of http-wasm costs beside a script, in process.'
)
const KEY = 'open-sesame'
const FIELDS = ['Host', 'a.test', 'User-Agent', 'bench', 'Accept', '*/*', 'Cookie', 'a=b; c=d', 'X-Api-Key', KEY, 'X-Id', '12345']
const context = { name: 'gate', scope: 'endpoint', logger: silentLogger, signal: new AbortController().signal }

function requestOf() {
  const exchange = new Exchange(deadlines, '127.0.0.1', '127.0.0.1', 'a.test', FIELDS)
  const line = { method: 'GET', target: '/', path: '/', query: '', routePath: '/', origin: undefined }
  const raw = FIELDS.slice()
  return new RequestMessage({ ...line, exchange, scope: exchange, raw, params: undefined, source: undefined, limit: 1e6 })
}

const next = async () => ResponseMessage.over(200, ['Content-Type', 'text/plain'], undefined, 1e6)

async function guest() {
  const bytes = readFileSync(new URL('../examples/http-wasm/plugins/gate.wasm', import.meta.url))
  const { module } = await compileGuest(bytes)
  const services = { logger: silentLogger, signal: context.signal, maxMemory: 1e6, outbound() {}, offerMetric() {}, onClose() {} }
  const made = await loadHttpGuest({ file: 'gate.wasm', name: 'gate', bytes, module }, services)
  let factory
  made.HandlerRegisterer.registerHandlers((_name, given) => {
    factory = given
  })
  return factory(context, { gate: KEY }, next)
}

const script = async request => {
  if (request.headers.get('x-api-key') !== KEY) return ResponseMessage.text('a key, please\n', 401)
  request.headers.delete('x-api-key')
  const response = await next(request)
  response.headers.append('X-Gate', 'open')
  return response
}

async function measure(name, handler) {
  const run = async count => {
    for (let i = 0; i < count; i++) await handler(requestOf())
  }
  await run(requests / 2)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage()
    await run(requests / 5)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / (requests / 5))
  }
  console.log(`${name.padEnd(24)} ${best.toFixed(2)} µs of CPU per request`)
}

await measure('passes on', next)
await measure('a script', script)
await measure('an http-wasm guest', await guest())
