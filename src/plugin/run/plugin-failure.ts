/** Turns what a plugin threw into a GatewayError, and writes the log line about it. */

import { type ErrorStatusMode, GatewayError, type GatewayErrorInit, statusOf } from '../../errors.js'
import { fieldsOfPairs } from '../../http/fields.js'
import { UnclaimedFailure } from '../../message/blame.js'
import { FieldMap } from '../../message/field-map.js'
import type { HeadersLike } from '../../message/public.js'
import { ResponseMessage } from '../../message/response.js'
import type { Logger } from '../../telemetry/logger.js'

/** One use of a plugin: what its failures are logged with. */
export interface PluginUse {
  readonly name: string
  /** The file it came from, or how it was handed over. */
  readonly file: string
  /** `[ENDPOINT: /x/:id]` and the like. */
  readonly tag: string
  readonly logger: Logger
}

/**
 * Translates what a plugin threw. A GatewayError passes: it keeps its meaning. Anything else is logged and becomes
 * SLUICE_ERR_PLUGIN_FAILED with the thrown value's own `statusCode` (400…599), `headers` and `contentType`.
 */
export function pluginFailure(use: PluginUse, thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) {
    if (thrown instanceof UnclaimedFailure && !thrown.claimed) {
      thrown.claimed = true
      logFailure(use, textOf(thrown.cause))
    }
    return thrown
  }
  logFailure(use, textOf(thrown))
  return new GatewayError('SLUICE_ERR_PLUGIN_FAILED', initOf(thrown))
}

/** Logs that the time ended before a plugin's promise had settled; `limit` names the timer. */
export function pluginLate(use: PluginUse, limit: string): void {
  logFailure(use, `has not answered within ${limit}`)
}

/** The one form of log lines about failures of plugins: place, name, file, cause. */
function logFailure(use: PluginUse, text: string): void {
  use.logger.error(`${use.tag}[Plugin: ${use.name}] ${use.file}:`, text)
}

/** A failure that the gateway itself finds in what a plugin did. */
export function pluginMistake(use: PluginUse, message: string): GatewayError {
  logFailure(use, message)
  return new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: `plugin '${use.name}': ${message}` })
}

/** The response that service stages see in place of a failure further in. */
export function failureResponse(error: GatewayError, mode: ErrorStatusMode, showMessage: boolean): ResponseMessage {
  const raw = fieldsOfPairs(error.headers ?? [])
  const body = Buffer.from(showMessage ? error.message : '')
  if (body.length > 0 && !raw.some((part, i) => i % 2 === 0 && part.toLowerCase() === 'content-type')) {
    raw.push('Content-Type', error.contentType ?? 'text/plain; charset=utf-8')
  }
  return ResponseMessage.over(statusOf(error, mode), raw, body, body.length)
}

/** The cause for a log line. Getters and `toString` of a thrown value may throw. */
export function textOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return String(thrown.stack ?? thrown.message)
    return typeof thrown === 'object' && thrown !== null ? `threw ${JSON.stringify(thrown)}` : `threw ${String(thrown)}`
  } catch {
    return 'threw a value that cannot be shown'
  }
}

function initOf(thrown: unknown): GatewayErrorInit {
  const init: { -readonly [K in keyof GatewayErrorInit]: GatewayErrorInit[K] } = { cause: thrown }
  try {
    init.message = thrown instanceof Error ? String(thrown.message) : String(thrown)
    if (typeof thrown !== 'object' || thrown === null) return init
    const { statusCode, headers, contentType } = thrown as { statusCode?: unknown; headers?: unknown; contentType?: unknown }
    if (typeof statusCode === 'number' && Number.isInteger(statusCode) && statusCode >= 400 && statusCode <= 599) {
      init.statusCode = statusCode
    }
    if (typeof contentType === 'string' && !/[\r\n\0]/.test(contentType)) init.contentType = contentType
    if (typeof headers === 'object' && headers !== null) init.headers = [...FieldMap.from(headers as HeadersLike)]
  } catch {
    // a hostile value: what was read so far counts
  }
  return init
}
