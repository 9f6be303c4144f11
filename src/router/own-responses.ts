/** Responses that the router makes by itself: 404, 405, redirects, automatic OPTIONS, refused parameters. Boot prepares them. */

import type { Json, RouterConfig } from '../config/types.js'
import { fieldOf, type RawFields } from '../http/fields.js'
import type { Identity } from '../identity.js'
import type { RequestMessage } from '../message/request.js'
import { ResponseMessage } from '../message/response.js'
import type { RouteRedirect, RouteResult } from './router.js'

/** A lookup that found no route. */
export type Miss = Exclude<RouteResult<unknown>, { readonly kind: 'route' }>

/** Makes the response to a request for which the router found no route. Called per request. */
export type MissAnswers = (miss: Miss, request: RequestMessage) => ResponseMessage

interface Prepared {
  readonly status: number
  readonly fields: RawFields
  readonly body: Buffer
}

const EMPTY = Buffer.alloc(0)
const PLAIN = 'text/plain; charset=utf-8'

/** Compiles the responses for a configuration; `router.error_body` wins over KrakenD's texts. */
export function compileMissAnswers(config: Pick<RouterConfig, 'errorBody404' | 'errorBody405'>, identity: Identity): MissAnswers {
  const version = ['X-Krakend', identity.version]
  const notFound = refusal(404, config.errorBody404, '404 page not found', version)
  const perAllow = new Map<string, Prepared>() // as many as there are sets of methods
  const notAllowed = (allow: string): Prepared => {
    let known = perAllow.get(allow)
    if (known === undefined) {
      known = refusal(405, config.errorBody405, '405 method not allowed', ['Allow', allow, ...version])
      perAllow.set(allow, known)
    }
    return known
  }
  return (miss, request) => {
    switch (miss.kind) {
      case 'not-found':
        return respond(notFound)
      case 'method-not-allowed':
        return respond(notAllowed(miss.allow))
      case 'auto-options': // no X-Krakend-Completed, as KrakenD
        return ResponseMessage.over(200, ['Allow', miss.allow, ...version], EMPTY, 0)
      case 'bad-params': // none of the standard fields, independent of return_error_msg
        return respond({ status: 400, fields: ['Content-Type', PLAIN], body: Buffer.from(miss.text) })
      case 'redirect':
        return redirect(miss, request)
    }
  }
}

function refusal(status: number, json: Json | undefined, text: string, fields: RawFields): Prepared {
  const type = json === undefined ? 'text/plain' : 'application/json; charset=utf-8'
  const body = Buffer.from(json === undefined ? text : JSON.stringify(json))
  return { status, fields: ['Content-Type', type, ...fields, 'X-Krakend-Completed', 'false'], body }
}

function respond({ status, fields, body }: Prepared): ResponseMessage {
  return ResponseMessage.over(status, fields.slice(), body, body.length)
}

/** No standard fields, as KrakenD; only GET and HEAD get the page. */
function redirect(miss: RouteRedirect, request: RequestMessage): ResponseMessage {
  const location = redirectLocation(miss, request.target, fieldOf(request.raw, 'x-forwarded-prefix'))
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return ResponseMessage.over(miss.status, ['Location', location], EMPTY, 0)
  const text = miss.status === 301 ? 'Moved Permanently' : 'Temporary Redirect'
  const body = Buffer.from(`<a href="${escapeHtml(location)}">${text}</a>.\n\n`)
  return ResponseMessage.over(miss.status, ['Content-Type', 'text/html; charset=utf-8', 'Location', location], body, body.length)
}

/**
 * Returns the `Location` of a redirect: path and the query of the target. A trailing-slash redirect gets the client's
 * `X-Forwarded-Prefix` in front, reduced to letters, digits, `/` and `-`. Always begins with exactly one slash.
 */
export function redirectLocation(redirect: RouteRedirect, target: string, forwardedPrefix: string | undefined): string {
  const prefix = redirect.prefixed && forwardedPrefix !== undefined ? safePrefix(forwardedPrefix) : ''
  const query = target.indexOf('?')
  return prefix + redirect.path + (query < 0 ? '' : encodeBeyondAscii(target.slice(query)))
}

function safePrefix(text: string): string {
  const parts = text.replace(/[^A-Za-z0-9/-]+/g, '').split('/')
  const kept = parts.filter(part => part !== '')
  return kept.length === 0 ? '' : `/${kept.join('/')}`
}

function encodeBeyondAscii(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, c => ENTITIES[c]!)
}
