import type { GatewayLogger } from '../../telemetry/logger.js'
import type { OutboundClient } from '../outbound.js'

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
  /** Runs `work` when the gateway closes, after `signal`. */
  onClose(work: () => void | Promise<void>): void
}
