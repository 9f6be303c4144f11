/** Answers that the router gives by itself, built at boot: 404, 405, redirects, automatic OPTIONS, refused parameters. */

import type { ServerResponse } from 'node:http'
import type { Json, RouterConfig } from '../config/types.js'
import type { Identity } from '../identity.js'
import type { RouteRedirect } from './router.js'

/** A whole answer in memory. `fields` is flat, without framing; shared between requests, never changed. */
export interface Answer {
  readonly status: number
  readonly fields: readonly string[]
  readonly body: Buffer
}

export interface RouterAnswers {
  readonly notFound: Answer
  /** 405 with its `Allow`; there are as many as there are sets of methods. */
  methodNotAllowed(allow: string): Answer
  /** 200 without body; no `X-Krakend-Completed`, as KrakenD. */
  autoOptions(allow: string): Answer
}

const EMPTY = Buffer.alloc(0)

/** Builds an answer; `Content-Length` is added. */
export function answer(status: number, fields: readonly string[], body: Buffer | string): Answer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return { status, fields: [...fields, 'Content-Length', String(bytes.length)], body: bytes }
}

/** Compiles the answers for a configuration; `router.error_body` wins over KrakenD's texts. */
export function compileRouterAnswers(
  config: Pick<RouterConfig, 'errorBody404' | 'errorBody405'>,
  identity: Identity
): RouterAnswers {
  const standard = ['X-Krakend', identity.version, 'X-Krakend-Completed', 'false']
  const notFound = refusal(404, config.errorBody404, '404 page not found', standard)
  const perAllow = new Map<string, Answer>()
  return {
    notFound,
    methodNotAllowed(allow) {
      let known = perAllow.get(allow)
      if (known === undefined) {
        known = refusal(405, config.errorBody405, '405 method not allowed', ['Allow', allow, ...standard])
        perAllow.set(allow, known)
      }
      return known
    },
    autoOptions: allow => answer(200, ['Allow', allow, 'X-Krakend', identity.version], EMPTY)
  }
}

function refusal(status: number, json: Json | undefined, text: string, fields: readonly string[]): Answer {
  if (json === undefined) return answer(status, ['Content-Type', 'text/plain', ...fields], text)
  return answer(status, ['Content-Type', 'application/json; charset=utf-8', ...fields], JSON.stringify(json))
}

/** The 400 of the parameter check: text as given, none of the standard headers, independent of `return_error_msg`. */
export function badParamsAnswer(text: string): Answer {
  return answer(400, ['Content-Type', 'text/plain; charset=utf-8'], text)
}

/** The 400 for a target that cannot be read. */
export const BAD_TARGET: Answer = badParamsAnswer('400 Bad Request')

/**
 * Builds the answer of a redirect. `query` undefined = the target had no `?`. `forwardedPrefix` is the client's
 * `X-Forwarded-Prefix`: reduced to letters, digits, `/` and `-`, it goes before the path of a trailing-slash redirect.
 * The location always begins with exactly one slash.
 */
export function redirectAnswer(
  redirect: RouteRedirect,
  method: string,
  query: string | undefined,
  forwardedPrefix?: string
): Answer {
  const prefix = redirect.prefixed && forwardedPrefix !== undefined ? safePrefix(forwardedPrefix) : ''
  const location = prefix + redirect.path + (query === undefined ? '' : `?${query}`)
  if (method !== 'GET' && method !== 'HEAD') return answer(redirect.status, ['Location', location], EMPTY)
  const text = redirect.status === 301 ? 'Moved Permanently' : 'Temporary Redirect'
  const body = `<a href="${escapeHtml(location)}">${text}</a>.\n\n`
  return answer(redirect.status, ['Content-Type', 'text/html; charset=utf-8', 'Location', location], body)
}

function safePrefix(text: string): string {
  const parts = text.replace(/[^A-Za-z0-9/-]+/g, '').split('/')
  const kept = parts.filter(part => part !== '')
  return kept.length === 0 ? '' : `/${kept.join('/')}`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, c => ENTITIES[c]!)
}

/** Sends an answer over HTTP/1 or HTTP/2; a HEAD gets no body. */
export function sendAnswer(response: ServerResponse, { status, fields, body }: Answer, isHead = false): void {
  if (response.headersSent || response.destroyed) return
  response.statusCode = status
  for (let i = 0; i < fields.length; i += 2) response.setHeader(fields[i]!, fields[i + 1]!)
  if (isHead || body.length === 0) response.end()
  else response.end(body)
}
