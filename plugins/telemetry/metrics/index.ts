/**
 * `telemetry/metrics`: counters and histograms as one JSON object, on a port of their own.
 *
 * In: exchanges and the pipes of endpoints and backends. Out: `GET /__stats`. Nothing stands in the pipes; without the page
 * nobody could read what is measured, so nothing is.
 */

import type { AddressInfo } from 'node:net'
import { type ComponentContext, defineComponent } from 'sluice/plugin'
import { closeStatsListener, openStatsListener } from '../../_shared/stats-listener.js'
import { parseDurationMs } from '../../duration.js'
import { type ListenAddress, parseListenAddress } from './address.js'
import { ProxyStats, RouterStats } from './registry.js'
import { RuntimeStats } from './runtime-stats.js'

interface Options {
  readonly collection_time?: string
  readonly listen_address?: string
  readonly proxy_disabled?: boolean
  readonly router_disabled?: boolean
  readonly backend_disabled?: boolean
  readonly endpoint_disabled?: boolean
}

const flag = (description: string) => ({ type: 'boolean', default: false, description }) as const

const SCHEMA = {
  type: 'object',
  description: 'Counters and histograms at /__stats, on a port of their own',
  properties: {
    collection_time: { type: 'string', default: '60s', description: 'How often counts become gauges' },
    listen_address: { type: 'string', default: ':8090', description: 'Where the page is: address and port' },
    proxy_disabled: flag('Leaves out the pipes of endpoints'),
    router_disabled: flag('Leaves out exchanges'),
    backend_disabled: flag('Leaves out backends'),
    endpoint_disabled: flag('Opens no port: nothing is measured')
  },
  additionalProperties: false
} as const

const TAG = '[SERVICE: Stats]'
/** Longest interval of a timer, ms. */
const LONGEST_MS = 2 ** 31 - 1

export default defineComponent<Options>({
  namespace: 'telemetry/metrics',
  scopes: ['service'],
  slots: {},
  needs: 'head',
  schema: SCHEMA,
  lacks: '`memstats` and what else only Go has',
  compile(options, context) {
    const everyMs = collectionMs(options, context)
    const address = parseListenAddress(options.listen_address || ':8090')
    if (address === undefined)
      return context.fail('/listen_address', 'no address to listen on: write it like ":8090" or "127.0.0.1:8090"')
    if (options.endpoint_disabled === true) {
      context.logger.warning(`${TAG} the endpoint is disabled: nobody could read the metrics, nothing is measured`)
      return undefined
    }
    measure(options, context, everyMs, address)
    return undefined
  }
})

function collectionMs(options: Options, context: ComponentContext): number {
  const ms = parseDurationMs(options.collection_time || '60s')
  if (ms === undefined || ms <= 0) context.fail('/collection_time', 'a duration above zero is expected, such as "60s"')
  return Math.min(Math.max(ms, 1), LONGEST_MS)
}

function measure(options: Options, context: ComponentContext, everyMs: number, address: ListenAddress): void {
  const router = new RouterStats()
  const proxy = new ProxyStats()
  const runtime = new RuntimeStats()
  context.observe({
    ...(options.router_disabled === true ? {} : { started: router.started, finished: router.finished }),
    proxy(endpoint) {
      if (options.router_disabled !== true) router.addRoute(endpoint.path, endpoint.ginPath)
      return options.proxy_disabled === true ? undefined : proxy.meter('pipe', endpoint.ginPath)
    },
    ...(options.backend_disabled === true ? {} : { backend: (_, backend) => proxy.meter('backend', backend.goPattern) })
  })
  const render = (): string => {
    const values: [string, number][] = []
    const put = (name: string, value: number): void => void values.push([name, value])
    router.put(put)
    proxy.put(put)
    runtime.put(put)
    return renderStats(values)
  }
  context.onListen(() => open(address, everyMs, router, runtime, render, context))
}

async function open(
  { host, port }: ListenAddress,
  everyMs: number,
  router: RouterStats,
  runtime: RuntimeStats,
  render: () => string,
  context: ComponentContext
): Promise<void> {
  const server = await openStatsListener(host, port, {
    path: '/__stats',
    contentType: 'application/json; charset=utf-8',
    render,
    failed: error => context.logger.error(`${TAG} The stats endpoint failed: ${(error as Error).message}`)
  })
  const timer = setInterval(() => router.collect(), everyMs)
  timer.unref()
  runtime.start()
  context.onClose(() => {
    clearInterval(timer)
    runtime.close()
    return closeStatsListener(server)
  })
  context.logger.info(`${TAG} The stats endpoint listens on port: ${(server.address() as AddressInfo).port}`)
}

/** One name per line, in order, and the command line first, as Go's expvar writes it. */
function renderStats(values: [string, number][]): string {
  const lines = values.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${JSON.stringify(name)}: ${value}`)
  return `{\n"cmdline": ${JSON.stringify(process.argv)},\n${lines.join(',\n')}\n}\n`
}
