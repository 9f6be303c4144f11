/** The gateway's own endpoints: health, debug and echo. The composition root registers them as routes. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { ERRORS } from '../errors.js'
import { withoutPseudoFields } from '../http/h2-fields.js'
import { decodePath } from '../http/path.js'
import { queryValues } from '../http/query-values.js'
import type { Target } from '../http/target.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import { answer, sendAnswer } from './answers.js'

/** Answers a request by itself; never throws. `params` as the router found them. */
export type ReservedHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
  params: Readonly<Record<string, string>>
) => void

const JSON_TYPE = ['Content-Type', 'application/json; charset=utf-8']
const LOG_PREFIX = '[ENDPOINT: /__debug/*]'
const PONG = answer(200, JSON_TYPE, '{"message":"pong"}')
const TOO_LARGE = answer(
  413,
  ['Content-Type', 'text/plain; charset=utf-8', 'Connection', 'close'],
  ERRORS.SLUICE_ERR_CLIENT_BODY_TOO_LARGE.text
)

/** `GET /__health`: `{"agents":{},"now":…,"status":"ok"}`. */
export const healthHandler: ReservedHandler = (request, response) => {
  const body = `{"agents":{},"now":${JSON.stringify(goTime(Date.now()))},"status":"ok"}`
  sendAnswer(response, answer(200, JSON_TYPE, body), request.method === 'HEAD')
}

/** `/__debug/*`: answers pong and logs the request in six DEBUG lines. */
export function createDebugHandler(logger: GatewayLogger, maxBodyBytes: number): ReservedHandler {
  return (request, response, target, params) => {
    readBody(request, response, maxBodyBytes, body => {
      if (logger.enabled('DEBUG')) {
        logger.debug(LOG_PREFIX, 'Method:', request.method)
        logger.debug(LOG_PREFIX, 'URL:', request.url)
        logger.debug(LOG_PREFIX, 'Query:', goMap(queryValues(target.query)))
        logger.debug(
          LOG_PREFIX,
          'Params:',
          `[${Object.keys(params)
            .map(name => `{${name} ${params[name]}}`)
            .join(' ')}]`
        )
        logger.debug(LOG_PREFIX, 'Headers:', goMap(headerValues(request)))
        logger.debug(LOG_PREFIX, 'Body:', body.toString())
      }
      sendAnswer(response, PONG, request.method === 'HEAD')
    })
  }
}

/** `/__echo/*`: shows the request as JSON. */
export function createEchoHandler(maxBodyBytes: number): ReservedHandler {
  return (request, response, target) => {
    readBody(request, response, maxBodyBytes, body => {
      const echo = {
        req_uri: request.url,
        req_uri_details: {
          fragment: '',
          host: target.authority ?? request.headers.host ?? request.headers[':authority'] ?? '',
          path: decodePath(target.path),
          query: target.query,
          user: ''
        },
        req_method: request.method,
        req_querystring: sortedObject(queryValues(target.query)),
        req_body: body.toString(),
        req_headers: sortedObject(headerValues(request))
      }
      sendAnswer(response, answer(200, JSON_TYPE, JSON.stringify(echo)), request.method === 'HEAD')
    })
  }
}

/** Holds a body up to a limit; above it 413 and the rest is not waited for. */
function readBody(request: IncomingMessage, response: ServerResponse, maxBytes: number, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  const collect = (chunk: Buffer): void => {
    length += chunk.length
    if (length <= maxBytes) {
      chunks.push(chunk)
      return
    }
    request.removeListener('data', collect)
    request.removeListener('end', finish)
    sendAnswer(response, TOO_LARGE)
  }
  const finish = (): void => done(Buffer.concat(chunks))
  request.on('data', collect)
  request.on('end', finish)
  request.on('error', () => chunks.splice(0))
}

/** Fields by canonical name, as Go's server shows them: without `Host` and `Transfer-Encoding`. */
function headerValues(request: IncomingMessage): Map<string, string[]> {
  const raw = withoutPseudoFields(request.rawHeaders)
  const values = new Map<string, string[]>()
  for (let i = 0; i < raw.length; i += 2) {
    const name = canonicalName(raw[i]!)
    if (name === 'Host' || name === 'Transfer-Encoding') continue
    const value = Buffer.from(raw[i + 1]!, 'latin1').toString()
    const known = values.get(name)
    if (known === undefined) values.set(name, [value])
    else known.push(value)
  }
  return values
}

function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(?:^|-)[a-z]/g, c => c.toUpperCase())
}

function sortedEntries(values: Map<string, string[]>): [string, string[]][] {
  return [...values].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

function sortedObject(values: Map<string, string[]>): Record<string, string[]> {
  const out: Record<string, string[]> = Object.create(null)
  for (const [name, list] of sortedEntries(values)) out[name] = list
  return out
}

/** As Go prints a map of lists: `map[a:[1 2] b:[3]]`. */
function goMap(values: Map<string, string[]>): string {
  return `map[${sortedEntries(values)
    .map(([name, list]) => `${name}:[${list.join(' ')}]`)
    .join(' ')}]`
}

/** As Go prints a time: `2026-11-21 02:10:22.123 +0100 CET m=+12.345678901`. */
export function goTime(epochMs: number): string {
  const date = new Date(epochMs)
  const two = (n: number, width = 2): string => String(n).padStart(width, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const fraction = date.getMilliseconds() === 0 ? '' : `.${two(date.getMilliseconds(), 3).replace(/0+$/, '')}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${fraction}`
  const minutes = -date.getTimezoneOffset()
  const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`
  return `${day} ${time} ${offset} ${zoneName(date, offset)} m=+${(performance.now() / 1000).toFixed(9)}`
}

const zoneFormat = new Intl.DateTimeFormat('en', { timeZoneName: 'short' })

/** Go shows the offset without minutes where a zone has no letters: `+03`. */
function zoneName(date: Date, offset: string): string {
  const name = zoneFormat.formatToParts(date).find(part => part.type === 'timeZoneName')?.value ?? 'UTC'
  return /^[A-Z]{3,5}$/.test(name) ? name : offset.replace(/00$/, '')
}
