import type { GatewayLogger } from '../../telemetry/logger.js'
import type { ComponentMetric } from '../../telemetry/observer.js'
import type { OutboundClient } from '../outbound.js'
import type { PluginModule } from '../types.js'

/** Under it a module that was loaded says in lines what it is, for `sluice check-plugin`. */
export const ABOUT: unique symbol = Symbol('sluice.guest')

/** A plugin module that says what it is. */
export interface GuestModule extends PluginModule {
  readonly [ABOUT]: readonly string[]
}

/** What a gateway, or a command, gives to WebAssembly modules that it loads. */
export interface GuestServices {
  /** Takes lines that belong to no place of a configuration. */
  readonly logger: GatewayLogger
  /** Aborts when the gateway, or this generation of its configuration, closes. */
  readonly signal: AbortSignal
  /** bytes that one instance may have. */
  readonly maxMemory: number
  /** The client for calls of modules; made at first use. */
  outbound(): OutboundClient
  /** Offers a number to what shows metrics. */
  offerMetric(metric: ComponentMetric): void
  /** Runs `work` when the gateway closes, after `signal`. */
  onClose(work: () => void | Promise<void>): void
}
