/** The responses of an endpoint: data rendered, no-op heads marked, failures with their status. */

import { entityOf } from '../backend/entity.js'
import { rendererFor, rendererName } from '../encoding/renderers.js'
import type { Renderer } from '../encoding/types.js'
import { type ErrorStatusMode, GatewayError, MergeError, statusOf } from '../errors.js'
import { fieldOf, fieldsOfPairs, lowerName, type RawFields } from '../http/fields.js'
import { stringifyJsonValue } from '../message/json/exact-json.js'
import { isEmptyObject } from '../message/json/scan.js'
import type { Pieces } from '../message/pieces.js'
import type { RequestMessage } from '../message/request.js'
import { ResponseMessage } from '../message/response.js'
import type { PipeStage } from '../pipe/description.js'
import { type Layer, workLayer } from '../pipe/layer.js'
import type { Work } from '../pipe/step.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import { type Span, traceNote } from '../telemetry/span.js'

/** A response to a failure, before it has a length. */
export interface FailureParts {
  readonly status: number
  readonly raw: RawFields
  readonly body: Buffer
}

export interface EndpointAnswers {
  /** `X-Krakend` and `X-Krakend-Completed: false`. */
  readonly noOpFields: RawFields
  readonly finishNoOp: Work
  finishDecoded(renderer: Renderer): Work
  /** The response in place of a failure. Logs it. */
  failed(error: unknown, request: RequestMessage): ResponseMessage
  /** The same without a message object. Does not log. */
  failureParts(error: GatewayError): FailureParts
  /** @param span of the exchange: lines name its trace */
  logFailure(error: GatewayError, span: Span | undefined): void
}

const TEXT = 'text/plain; charset=utf-8'
const OWN_FIELDS: ReadonlySet<string> = new Set(['x-krakend', 'x-krakend-completed'])

/** What the responses of an endpoint depend on. */
export interface AnswerOptions {
  /** Begins log lines: `[ENDPOINT: /x/:id]`. */
  readonly tag: string
  /** The value of `X-Krakend`. */
  readonly version: string
  readonly cacheTtlMs: number
  /** `return_error_msg`: a failure's message is the body. */
  readonly returnErrorMsg: boolean
  readonly errorStatus: ErrorStatusMode
  readonly logger: GatewayLogger
}

export function compileAnswers(options: AnswerOptions): EndpointAnswers {
  const { tag, version, cacheTtlMs, returnErrorMsg, errorStatus, logger } = options
  const failedFields: RawFields = ['X-Krakend', version, 'X-Krakend-Completed', 'false']
  const completeFields: RawFields = ['X-Krakend', version, 'X-Krakend-Completed', 'true']
  const cacheControl = cacheTtlMs === 0 ? undefined : `public, max-age=${Math.trunc(cacheTtlMs / 1000)}`

  function logFailure(error: GatewayError, span: Span | undefined): void {
    const note = traceNote(span)
    if (error.code === 'SLUICE_ERR_CLIENT_ABORTED') {
      if (logger.enabled('DEBUG')) logger.debug(tag, error.message)
    } else if (error instanceof MergeError) {
      // a client that left is not an error of the parts that were cancelled for it
      for (let i = 0; i < error.errors.length; i++) {
        const part = error.errors[i]!
        if (part.code !== 'SLUICE_ERR_CLIENT_ABORTED') logger.error(tag, `Error #${i}: ${oneLine(part)}${note}`)
        else if (logger.enabled('DEBUG')) logger.debug(tag, `Error #${i}: ${part.message}`)
      }
    } else if (error.code === 'SLUICE_ERR_GATEWAY_INTERNAL' && error.cause instanceof Error) {
      logger.error(tag, (error.cause.stack ?? error.cause.message) + note)
    } else logger.error(tag, oneLine(error) + note)
  }

  function failureParts(error: GatewayError): FailureParts {
    const raw = error.headers === undefined ? failedFields.slice() : [...failedFields, ...fieldsOfPairs(error.headers)]
    const status = statusOf(error, errorStatus)
    if (!returnErrorMsg || status === 304) return { status, raw, body: EMPTY }
    const body = status === 204 ? EMPTY : Buffer.from(error.message)
    // the upstream's type is told of an empty body too, as in KrakenD
    const type = error.contentType ?? (body.length > 0 ? TEXT : undefined)
    if (type !== undefined && fieldOf(raw, 'content-type') === undefined) raw.push('Content-Type', type)
    return { status, raw, body }
  }

  function finishDecoded(renderer: Renderer): Work {
    return (response, request) => {
      if (response.failure !== undefined) {
        logFailure(response.failure, request.exchange.span)
        request.exchange.note(response.failure)
      }
      response.beginRendering()
      const now = entityOf(response)
      if (now.kind === 'bytes') return untouched(response)
      if (now.kind === 'value') return jsonValue(response, now.value)
      // no key: KrakenD calls such a response incomplete
      const complete = response.complete === true && now.node !== null && !isEmptyObject(now.node)
      const raw = complete ? completeFields.slice() : failedFields.slice()
      if (complete && cacheControl !== undefined) raw.push('Cache-Control', cacheControl)
      const rendered = renderer(now.node, fieldOf(request.exchange.rawHeaders, 'accept') ?? '', request.scope)
      if (rendered instanceof Promise) return rendered.then(done => withBody(response, raw, done.contentType, done.body))
      return withBody(response, raw, rendered.contentType, rendered.body)
    }
  }

  /** A body that is not the pipe's data: a plugin's own response, or JSON that is shaped while it flows. */
  function untouched(response: ResponseMessage): ResponseMessage {
    const complete = response.complete === true
    addOwn(response, complete ? completeFields : failedFields)
    if (complete && cacheControl !== undefined && !response.headers.has('cache-control'))
      response.headers.set('Cache-Control', cacheControl)
    return response
  }

  function jsonValue(response: ResponseMessage, value: unknown): ResponseMessage {
    const raw = (response.complete === true ? completeFields : failedFields).slice()
    return withBody(response, raw, 'application/json; charset=utf-8', Buffer.from(stringifyJsonValue(value)))
  }

  return {
    noOpFields: failedFields,
    finishDecoded,
    finishNoOp(response, request) {
      if (response.failure !== undefined) {
        logFailure(response.failure, request.exchange.span)
        request.exchange.note(response.failure)
      }
      addOwn(response, failedFields)
      return response
    },
    failed(cause, request) {
      const error = cause instanceof GatewayError ? cause : new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { cause })
      logFailure(error, request.exchange.span)
      request.exchange.note(error)
      const { status, raw, body } = failureParts(error)
      return ResponseMessage.over(status, raw, body, body.length)
    },
    failureParts,
    logFailure
  }
}

const EMPTY = Buffer.alloc(0)

/** Puts the own fields first and drops those of another gateway: a chain of gateways would send them twice. */
function addOwn(response: ResponseMessage, own: RawFields): void {
  const { raw } = response
  for (let i = raw.length - 2; i >= 0; i -= 2) {
    const name = raw[i]!
    if ((name.length === 9 || name.length === 19) && OWN_FIELDS.has(lowerName(name))) raw.splice(i, 2)
  }
  // by hand: `unshift` calls into the engine for it
  const added = own.length
  for (let i = 0; i < added; i++) raw.push('')
  for (let i = raw.length - 1; i >= added; i--) raw[i] = raw[i - added]!
  for (let i = 0; i < added; i++) raw[i] = own[i]!
}

function withBody(
  response: ResponseMessage,
  raw: RawFields,
  contentType: string | undefined,
  body: Buffer | Pieces
): ResponseMessage {
  const from = response.raw
  for (let i = 0; i < from.length; i += 2) {
    const lower = lowerName(from[i]!)
    if (lower !== 'content-length' && !OWN_FIELDS.has(lower)) raw.push(from[i]!, from[i + 1]!)
  }
  if (contentType !== undefined && fieldOf(raw, 'content-type') === undefined) raw.push('Content-Type', contentType)
  const rendered = ResponseMessage.over(response.status, raw, body, body.length)
  rendered.renderedFrom = response
  return rendered
}

/** Keeps a log line one line, whatever an upstream has written. */
function oneLine(error: GatewayError): string {
  return error.message.replace(/[\r\n]+/g, ' ')
}

/**
 * The writer of an endpoint, outside of its proxy: renders data, or marks the upstream's bytes.
 * @param streams a backend's body may come before its end
 */
export function writerLayer(
  answers: EndpointAnswers,
  outputEncoding: string,
  singleBackendEncoding: string | undefined,
  renderers: ReadonlyMap<string, Renderer>,
  streams: boolean
): Layer {
  const place = 'endpoint/writer'
  if (outputEncoding === 'no-op') return workLayer(answers.finishNoOp, { name: 'bytes', place, holdsBody: 'no' })
  const renderer = rendererFor(outputEncoding, singleBackendEncoding, renderers)
  const name = `render ${rendererName(outputEncoding, singleBackendEncoding, renderers)}`
  const stage: PipeStage = streams
    ? { name, place, holdsBody: 'may', note: 'a body that is shaped while it flows goes on as it comes' }
    : { name, place, holdsBody: 'yes' }
  return workLayer(answers.finishDecoded(renderer), stage)
}
