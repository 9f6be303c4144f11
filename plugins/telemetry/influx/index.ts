/**
 * `telemetry/influx`: what the gateway counts goes to InfluxDB, in its line protocol.
 *
 * In: exchanges and the pipes of endpoints and backends. Out: a POST to `/write` every `ttl`. Nothing stands in the pipes, no request waits for
 * InfluxDB, and nothing of it stops a start.
 */

import { hostname } from 'node:os'
import { type ComponentContext, defineComponent, type OptionReader } from 'sluice/plugin'
import { durationOf } from '../../_shared/stats/duration-of.js'
import { ProxyStats, RouterStats } from '../../_shared/stats/registry.js'
import { RuntimeStats } from '../../_shared/stats/runtime-stats.js'
import { Points } from './points.js'
import type { Target } from './pusher.js'

const SCHEMA = {
  type: 'object',
  description: 'Sends counters and histograms to InfluxDB, in its line protocol',
  properties: {
    address: { type: 'string', description: 'URL of InfluxDB, such as "http://influxdb:8086"' },
    ttl: { type: 'string', default: '1m', description: 'How often a snapshot is sent' },
    db: { type: 'string', default: 'krakend', description: 'The database' },
    username: { type: 'string', default: '', description: 'Empty: no credentials are sent' },
    password: { type: 'string', default: '' },
    buffer_size: { type: 'integer', minimum: 0, default: 0, description: 'Snapshots that are kept while InfluxDB fails' }
  },
  additionalProperties: false
} as const

const TAG = '[SERVICE: InfluxDB]'
const DEFAULT_TTL = '1m'
/** The shortest interval, and the longest of a timer, ms. */
const SHORTEST_MS = 100
const LONGEST_MS = 2 ** 31 - 1

export default defineComponent({
  namespace: 'telemetry/influx',
  scopes: ['service'],
  slots: {},
  needs: 'head',
  schema: SCHEMA,
  compile(options, context) {
    const text = options.text('address')
    const address = addressOf(text)
    if (address === undefined) {
      const message = `'${text}' is no address, nothing is sent to InfluxDB: write it like "http://influxdb:8086"`
      options.report('/address', message, 'warning')
      return undefined
    }
    const target: Target = {
      address,
      database: options.text('db', 'krakend'),
      username: options.text('username'),
      password: options.text('password'),
      bufferSize: options.count('buffer_size', 0)
    }
    measure(target, intervalOf(options), context)
    return undefined
  }
})

function addressOf(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined
}

function intervalOf(options: OptionReader): number {
  const ttl = options.text('ttl') || DEFAULT_TTL
  const ms = durationOf(ttl)
  if (ms !== undefined && ms > 0) return Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS)
  options.report('/ttl', `'${ttl}' is no duration above zero: ${DEFAULT_TTL} is used`, 'warning')
  return durationOf(DEFAULT_TTL)!
}

function measure(target: Target, everyMs: number, context: ComponentContext): void {
  const counted = context.keep('telemetry/influx counted', () => {
    const runtime = new RuntimeStats()
    const pushers: object[] = []
    return { router: new RouterStats(), proxy: new ProxyStats(), runtime, pushers, close: () => runtime.close() }
  })
  const { router, proxy, runtime, pushers } = counted
  context.observe({
    started: router.started,
    finished: router.finished,
    proxy(endpoint) {
      router.addRoute(endpoint.path, endpoint.ginPath)
      return proxy.meter('pipe', endpoint.ginPath)
    },
    backend: (_, backend) => proxy.meter('backend', backend.goPattern)
  })
  context.onListen(async () => {
    const { InfluxPusher } = await import('./pusher.js')
    const pusher = new InfluxPusher(target, {
      warning: text => context.logger.warning(`${TAG} ${text}`),
      info: text => context.logger.info(`${TAG} ${text}`)
    })
    // workers count for themselves: their number tells their series apart
    const { workers } = context
    const worker = workers === undefined ? [] : ([['worker', String(workers.place)]] as const)
    const points = new Points(counted, [['host', hostname()], ...worker])
    runtime.start()
    pushers.push(pusher)
    const timer = setInterval(() => {
      if (pushers.at(-1) !== pusher) return // a newer configuration sends
      router.collect()
      void pusher.push(points.take(Math.floor(Date.now() / 1000)))
    }, everyMs)
    timer.unref()
    context.onClose(() => {
      clearInterval(timer)
      pushers.splice(pushers.indexOf(pusher), 1)
      return pusher.close()
    })
    context.logger.debug(`${TAG} Client up and running`)
  })
}
