/** Responses to failures of which no endpoint makes one. */

import { type ServerResponse, STATUS_CODES } from 'node:http'
import { type ErrorStatusMode, GatewayError, statusOf } from '../errors.js'
import { fieldsOfPairs } from '../http/fields.js'
import type { Exchange } from '../message/context.js'
import { ResponseMessage } from '../message/response.js'
import { textOf } from '../telemetry/log-text.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import { traceNote } from '../telemetry/span.js'
import { writeHead } from './write-head.js'

/** What a response to a failure depends on. */
export interface FailureOptions {
  readonly logger: GatewayLogger
  readonly errorStatus: ErrorStatusMode
}

const EMPTY = Buffer.alloc(0)

/** Makes the response to a failure of which no endpoint made one. Logs it. */
export function answerToFailure(cause: unknown, exchange: Exchange, options: FailureOptions): ResponseMessage {
  const error = cause instanceof GatewayError ? cause : new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { cause })
  exchange.note(error)
  if (error.code !== 'SLUICE_ERR_CLIENT_ABORTED') {
    options.logger.error(exchange.target.tag, textOfFailure(error) + traceNote(exchange.span))
  }
  return ResponseMessage.over(statusOf(error, options.errorStatus), fieldsOfPairs(error.headers ?? []), EMPTY, 0)
}

/** The place in the code says something of an unexpected error, and nothing of what clients and upstreams do. */
function textOfFailure(error: GatewayError): string {
  const { cause } = error
  return error.code === 'SLUICE_ERR_GATEWAY_INTERNAL' && cause instanceof Error ? (cause.stack ?? cause.message) : textOf(error)
}

/** A target that cannot be read gets its status and the connection ends: what follows cannot be trusted either. */
export function refuseTarget(res: ServerResponse, error: GatewayError): void {
  const body = Buffer.from(`${error.statusCode} ${STATUS_CODES[error.statusCode]}`)
  writeHead(res, error.statusCode, [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
    'Connection',
    'close'
  ])
  res.end(body)
}

/** The failure of a head that node:http does not write. */
export function unwritable(cause: unknown): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_PROTOCOL', { message: (cause as Error).message, cause })
}
