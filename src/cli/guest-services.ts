import { PooledOutbound } from '../client/outbound.js'
import { poolSettings } from '../client/pools.js'
import { readConfigObject } from '../config/load.js'
import type { GuestServices } from '../plugin/wasm/guest-services.js'
import { silentLogger } from '../telemetry/logger.js'

/** What a command gives to the WebAssembly modules that it loads, with the defaults of a configuration. */
export function openGuestServices(): GuestServices & { close(): Promise<void> } {
  const stop = new AbortController()
  const closers: (() => void | Promise<void>)[] = []
  let client: PooledOutbound | undefined
  const { config } = readConfigObject({ version: 3, plugin: {} }, { namespaces: [], env: {} })
  return {
    logger: silentLogger,
    signal: stop.signal,
    maxMemory: config!.plugin!.maxGuestMemory,
    outbound() {
      client ??= new PooledOutbound(poolSettings(config!, process.env))
      return client
    },
    offerMetric() {},
    onClose: work => void closers.push(work),
    async close() {
      stop.abort(new Error('the command is over'))
      for (const work of closers.reverse()) await work()
      await client?.close()
    }
  }
}
