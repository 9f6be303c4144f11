/**
 * `telemetry/metrics`: counters and histograms as one JSON object, on a port of their own.
 *
 * In: exchanges and the pipes of endpoints and backends. Out: `GET /__stats`. Nothing stands in the pipes; without the page
 * nothing is measured, since it could not be read.
 */

import { type ComponentContext, defineComponent, type OptionReader } from 'sluice/plugin'
import { showStats } from '../../_shared/kept-stats-port.js'
import { flag } from '../../_shared/option-types.js'
import { durationOf } from '../../_shared/stats/duration-of.js'
import { ProxyStats, RouterStats } from '../../_shared/stats/registry.js'
import { RuntimeStats } from '../../_shared/stats/runtime-stats.js'
import { type ListenAddress, parseListenAddress } from './address.js'

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
const DEFAULT_TIME = '60s'

export default defineComponent({
  namespace: 'telemetry/metrics',
  scopes: ['service'],
  slots: {},
  needs: 'head',
  schema: SCHEMA,
  lacks: '`memstats` and what else only Go has',
  compile(options, context) {
    const everyMs = collectionMs(options)
    const address = parseListenAddress(options.text('listen_address') || ':8090')
    if (address === undefined) {
      const message = 'no address to listen on, nothing is measured: write it like ":8090" or "127.0.0.1:8090"'
      options.report('/listen_address', message, 'warning')
      return undefined
    }
    if (options.flag('endpoint_disabled')) {
      context.logger.warning(`${TAG} the endpoint is disabled: the metrics could not be read, nothing is measured`)
      return undefined
    }
    measure(options, context, everyMs, address)
    return undefined
  }
})

function collectionMs(options: OptionReader): number {
  const ms = durationOf(options.text('collection_time') || DEFAULT_TIME)
  if (ms === undefined || ms <= 0) {
    options.report('/collection_time', `a duration above zero is expected: ${DEFAULT_TIME} is used`, 'warning')
    return durationOf(DEFAULT_TIME)!
  }
  return Math.min(Math.max(ms, 1), LONGEST_MS)
}

function measure(options: OptionReader, context: ComponentContext, everyMs: number, address: ListenAddress): void {
  // what is counted goes on under a new configuration
  const { router, proxy, runtime } = context.keep('telemetry/metrics counted', () => {
    const counted = { router: new RouterStats(), proxy: new ProxyStats(), runtime: new RuntimeStats() }
    return { ...counted, close: () => counted.runtime.close() }
  })
  context.observe({
    ...(options.flag('router_disabled') ? {} : { started: router.started, finished: router.finished }),
    proxy(endpoint) {
      if (!options.flag('router_disabled')) router.addRoute(endpoint.path, endpoint.ginPath)
      return options.flag('proxy_disabled') ? undefined : proxy.meter('pipe', endpoint.ginPath)
    },
    ...(options.flag('backend_disabled') ? {} : { backend: (_, backend) => proxy.meter('backend', backend.goPattern) })
  })
  const render = (): string => {
    const values: [string, number][] = []
    const put = (name: string, value: number): void => void values.push([name, value])
    router.put(put)
    proxy.put(put)
    runtime.put(put)
    return renderStats(values)
  }
  const tick = (): void => router.collect()
  context.onListen(() => open(address, { everyMs, tick, runtime, render }, context))
}

/** What is measured, and how it is read. */
interface Measured {
  readonly everyMs: number
  /** Called every `everyMs`. */
  readonly tick: () => void
  readonly runtime: RuntimeStats
  readonly render: () => string
}

async function open({ host, port }: ListenAddress, measured: Measured, context: ComponentContext): Promise<void> {
  const { everyMs, tick, runtime, render } = measured
  const shown = await showStats(
    context,
    'telemetry/metrics',
    { host, port, pointer: '/listen_address' },
    {
      path: '/__stats',
      contentType: 'application/json; charset=utf-8',
      render,
      failed: error => context.logger.error(`${TAG} The stats endpoint failed: ${(error as Error).message}`)
    }
  )
  context.keep(`telemetry/metrics timer ${everyMs}`, () => {
    const timer = setInterval(tick, everyMs).unref()
    return { close: () => clearInterval(timer) }
  })
  runtime.start()
  context.logger.info(`${TAG} The stats endpoint listens on port: ${shown}`)
}

/** One name per line, in order, and the command line first, as Go's expvar writes it. */
function renderStats(values: [string, number][]): string {
  const lines = values.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${JSON.stringify(name)}: ${value}`)
  return `{\n"cmdline": ${JSON.stringify(process.argv)},\n${lines.join(',\n')}\n}\n`
}
