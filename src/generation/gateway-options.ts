import type { Writable } from 'node:stream'
import type { CustomEncoding } from '../encoding/custom.js'
import type { Component } from '../plugin/component.js'
import type { CodeWraps } from '../plugin/run/code-layers.js'
import type { PluginModule } from '../plugin/types.js'
import type { GatewayLogger, LogFilter } from '../telemetry/logger.js'

/** What code may add to a configuration. It stays the same over reloads. */
export interface GatewayOptions extends CodeWraps {
  /** Plugin modules handed over in code, beside or instead of a plugin folder. */
  readonly plugins?: readonly PluginModule[]
  /** Components of your own, beside those that come with the gateway; each reads a namespace that none of these has. */
  readonly components?: readonly Component[]
  /** Starts wherever KrakenD would start; what cannot be honoured is left out with an ERROR line. Default false. */
  readonly tolerant?: boolean
  /** Wins over the file and `KRAKEND_PORT`; 0 = the kernel chooses. */
  readonly port?: number
  /** Opens `/__debug/`. */
  readonly debug?: boolean
  /** Where `KRAKEND_*` and proxy variables come from. Default `process.env`; a configuration object is overridden only by an `env` given here. */
  readonly env?: NodeJS.ProcessEnv
  /**
   * Where log lines and the access log go. Default: the standard output when the configuration has `telemetry/logging`;
   * without it the gateway writes nothing.
   */
  readonly logOutput?: Writable
  /**
   * Chooses the lines that {@link logOutput} gets; then it gets no access log. Syslog and Graylog get all lines. Default: all lines and the
   * access log.
   */
  readonly logFilter?: LogFilter
  /** Takes all log lines instead of what `telemetry/logging` asks for; not closed by the gateway. The access log is not affected. */
  readonly logger?: GatewayLogger
  /** Encodings by name, for backends (`decode`) and endpoints (`render`). They win over built-in names. */
  readonly encodings?: Readonly<Record<string, CustomEncoding>>
}
