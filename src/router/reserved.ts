/** The gateway's own endpoints: health, probes, debug and echo. The composition root registers them as routes. */

import type { RouterConfig, ServiceConfig } from '../config/types.js'
import { queryValues } from '../http/query-values.js'
import type { RequestMessage } from '../message/request.js'
import { ResponseMessage } from '../message/response.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import type { RouteSpec } from './router.js'

/** Makes the response to a built-in path; its failures are those of reading the body. */
export interface Reserved {
  readonly reserved: true
  answer(request: RequestMessage): ResponseMessage | Promise<ResponseMessage>
}

const LOG_PREFIX = '[ENDPOINT: /__debug/*]'
const PONG = Buffer.from('{"message":"pong"}')

/** What is read of the service configuration. */
export type ReservedOptions = Pick<ServiceConfig, 'debugEndpoint' | 'echoEndpoint' | 'maxBodyBytes'> & {
  readonly router: Pick<RouterConfig, 'disableHealth' | 'healthPath'>
}

/** Lists the routes of the built-in endpoints that a configuration has on; they stand before all others, as `Allow` shows. */
export function reservedRoutes(config: ReservedOptions, logger: GatewayLogger): RouteSpec<Reserved>[] {
  const routes: RouteSpec<Reserved>[] = []
  const add = (method: string, path: string, answer: Reserved['answer']): void => {
    routes.push({ method, path, value: { reserved: true, answer }, reserved: true })
  }
  if (!config.router.disableHealth) add('GET', config.router.healthPath, answerHealth)
  if (config.debugEndpoint) add('*', '/__debug/*', request => answerDebug(request, logger, config.maxBodyBytes))
  if (config.echoEndpoint) add('*', '/__echo/*', request => answerEcho(request, config.maxBodyBytes))
  return routes
}

/** What the probes on the gateway's own port say. */
export interface Probes {
  readonly live: { readonly path: string; readonly body: object }
  readonly ready: { readonly path: string; readonly isReady: () => boolean; readonly body: () => object }
}

/** The routes of the probes, to stand behind all others. They yield to endpoints. */
export function probeRoutes({ live, ready }: Probes): RouteSpec<Reserved>[] {
  const answers: [string, Reserved['answer']][] = [
    [live.path, () => json(JSON.stringify(live.body))],
    [ready.path, () => json(JSON.stringify(ready.body()), ready.isReady() ? 200 : 503)]
  ]
  return answers.map(([path, answer]) => {
    return { method: 'GET', path, value: { reserved: true, answer }, reserved: true, yields: true }
  })
}

function answerHealth(): ResponseMessage {
  return json(`{"agents":{},"now":${JSON.stringify(goTime(Date.now()))},"status":"ok"}`)
}

/** Pong; the request in six DEBUG lines. */
async function answerDebug(request: RequestMessage, logger: GatewayLogger, maxBodyBytes: number): Promise<ResponseMessage> {
  const body = await request.body.buffer(maxBodyBytes)
  if (logger.enabled('DEBUG')) {
    const params = Object.keys(request.params).map(name => `{${name} ${request.params[name]}}`)
    logger.debug(LOG_PREFIX, 'Method:', request.method)
    logger.debug(LOG_PREFIX, 'URL:', request.target)
    logger.debug(LOG_PREFIX, 'Query:', goMap(queryValues(request.query)))
    logger.debug(LOG_PREFIX, 'Params:', `[${params.join(' ')}]`)
    logger.debug(LOG_PREFIX, 'Headers:', goMap(headerValues(request)))
    logger.debug(LOG_PREFIX, 'Body:', body.toString())
  }
  return json(PONG)
}

/** The request as JSON. */
async function answerEcho(request: RequestMessage, maxBodyBytes: number): Promise<ResponseMessage> {
  const body = await request.body.buffer(maxBodyBytes)
  const echo = {
    req_uri: request.target,
    req_uri_details: { fragment: '', host: request.exchange.host, path: request.routePath, query: request.query, user: '' },
    req_method: request.method,
    req_querystring: sortedObject(queryValues(request.query)),
    req_body: body.toString(),
    req_headers: sortedObject(headerValues(request))
  }
  return json(JSON.stringify(echo))
}

function json(text: string | Buffer, status = 200): ResponseMessage {
  const body = typeof text === 'string' ? Buffer.from(text) : text
  return ResponseMessage.over(status, ['Content-Type', 'application/json; charset=utf-8'], body, body.length)
}

/** Fields as the client sent them by canonical name, as Go's server shows them: without `Host` and `Transfer-Encoding`. */
function headerValues(request: RequestMessage): Map<string, string[]> {
  const raw = request.exchange.rawHeaders
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

let zoneFormat: Intl.DateTimeFormat | undefined // made when a health path is asked, not at each start

/** Go shows the offset without minutes where a zone has no letters: `+03`. */
function zoneName(date: Date, offset: string): string {
  zoneFormat ??= new Intl.DateTimeFormat('en', { timeZoneName: 'short' })
  const name = zoneFormat.formatToParts(date).find(part => part.type === 'timeZoneName')?.value ?? 'UTC'
  return /^[A-Z]{3,5}$/.test(name) ? name : offset.replace(/00$/, '')
}
