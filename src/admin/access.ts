/**
 * Who may see the admin port. With a token: requests that carry it, as a bearer token or in the cookie of a login. Without one the
 * port is on a loopback address, and requests must name that address: a page of a browser could reach it under a name of its own
 * otherwise (DNS rebinding).
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLoopback } from '../config/keys/admin-options.js'
import type { AdminConfig } from '../config/types.js'
import { sendText } from './send.js'

/** Writes the response to a request without a valid token. */
export type Challenge = (req: IncomingMessage, res: ServerResponse) => void

/** Checks requests of the admin port. */
export class AdminAccess {
  /** Digest of the token; undefined = there is none. */
  private readonly token: Buffer | undefined
  /** In place of a plain 401, where a form can be shown. */
  challenge: Challenge = (_, res) => sendText(res, 401, 'Send the token of the admin port: Authorization: Bearer …\n')
  /** Also admits requests that `holdsToken` does not: cookies of a login. */
  session: (req: IncomingMessage) => boolean = () => false

  constructor({ token }: AdminConfig) {
    this.token = token === '' ? undefined : digest(token)
  }

  get needsToken(): boolean {
    return this.token !== undefined
  }

  /** True when the request may go on; otherwise the response was sent. */
  admits(req: IncomingMessage, res: ServerResponse): boolean {
    if (isOfOtherSite(req)) {
      sendText(res, 403, 'Pages of other sites may not ask the admin port.\n')
      return false
    }
    if (this.token === undefined) {
      if (isLoopback(hostNameOf(req.headers.host ?? ''))) return true
      sendText(res, 421, 'Ask for the admin port as localhost, or by its loopback address.\n')
      return false
    }
    const bearer = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '')
    if ((bearer !== null && this.isToken(bearer[1]!)) || this.session(req)) return true
    res.setHeader('WWW-Authenticate', 'Bearer realm="sluice"')
    this.challenge(req, res)
    return false
  }

  /** Compares in constant time. */
  isToken(given: string): boolean {
    return this.token !== undefined && timingSafeEqual(digest(given), this.token)
  }
}

/**
 * True for what a page of another site loads: an image that asks for the events would take the place of an operator. A link that leads
 * to the status page is none.
 */
function isOfOtherSite({ headers }: IncomingMessage): boolean {
  const { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = headers
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  return mode !== 'navigate' || destination !== 'document'
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** `localhost:9901` → `localhost`, `[::1]:9901` → `::1`. */
function hostNameOf(host: string): string {
  const found = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(host)
  return (found?.[1] ?? found?.[2] ?? '').toLowerCase()
}
