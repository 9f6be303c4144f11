/**
 * The login form of the admin port. In: the token, typed into a form. Out: a cookie that stands for it, for twelve hours. It holds no
 * token: it is signed with one, so that all workers know it and a new token ends it.
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdminConfig } from '../config/types.js'
import type { AdminServer } from './admin-server.js'
import type { AdminPages } from './pages.js'
import { sendText } from './send.js'

const LOGIN_PATH = '/__sluice/login'
const LOGOUT_PATH = '/__sluice/logout'
const COOKIE = 'sluice_admin'
const LIFETIME_MS = 12 * 3600 * 1000
const MAX_FORM_BYTES = 4096

/** Puts the form on an admin port that has a token. */
export function addLogin(server: AdminServer, { token }: AdminConfig, pages: AdminPages): void {
  if (token === '') return
  const sessions = new Sessions(token)
  const { access } = server
  access.session = req => sessions.isValid(cookieOf(req))
  access.challenge = (req, res) => {
    // the form is sent to `login` beside the page that was asked for
    const isPage = /^\/__sluice\/[^/?]*(?:\?|$)/.test(req.url ?? '')
    const wantsPage = isPage && req.method === 'GET' && (req.headers.accept ?? '').includes('text/html')
    if (wantsPage) pages.login.send(res, 401)
    else sendText(res, 401, 'Send the token of the admin port: Authorization: Bearer …\n')
  }
  server.route(LOGIN_PATH, {
    methods: ['POST'],
    open: true,
    async handle(req, res) {
      if (!isSameOrigin(req)) return sendText(res, 403, 'The form was sent by another site.\n')
      const form = await readForm(req)
      if (form === undefined) {
        res.setHeader('Connection', 'close')
        return sendText(res, 413, 'The form is too large.\n')
      }
      if (!access.isToken(form.get('token') ?? '')) return pages.refusedLogin.send(res, 401)
      setCookie(res, sessions.create(), LIFETIME_MS / 1000)
      redirect(res, './')
    }
  })
  server.route(LOGOUT_PATH, {
    methods: ['POST'],
    open: true,
    handle(req, res) {
      if (!isSameOrigin(req)) return sendText(res, 403, 'The form was sent by another site.\n')
      setCookie(res, '', 0)
      redirect(res, './')
    }
  })
}

/** Signed texts with an end: `<end in base 36>.<signature>`. */
export class Sessions {
  private readonly key: Buffer

  constructor(token: string) {
    this.key = createHash('sha256').update(`sluice admin session ${token}`).digest()
  }

  create(now = Date.now()): string {
    const end = (now + LIFETIME_MS).toString(36)
    return `${end}.${this.sign(end)}`
  }

  isValid(text: string, now = Date.now()): boolean {
    const [end = '', signature = '', ...rest] = text.split('.')
    if (rest.length > 0 || !(Number.parseInt(end, 36) > now)) return false
    const given = Buffer.from(signature)
    const wanted = Buffer.from(this.sign(end))
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  }

  private sign(text: string): string {
    return createHmac('sha256', this.key).update(text).digest('base64url')
  }
}

function cookieOf(req: IncomingMessage): string {
  const found = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;\\s]*)`).exec(req.headers.cookie ?? '')
  return found?.[1] ?? ''
}

/** Without a path: a browser takes the folder of the form for it, also below the path of a proxy. */
function setCookie(res: ServerResponse, value: string, seconds: number): void {
  res.setHeader('Set-Cookie', `${COOKIE}=${value}; Max-Age=${seconds}; HttpOnly; SameSite=Strict`)
}

function redirect(res: ServerResponse, location: string): void {
  res.writeHead(303, { Location: location, 'Content-Length': 0 }).end()
}

/** Browsers say where a form comes from: in `Sec-Fetch-Site`, which holds behind a proxy too; else in `Origin`. */
function isSameOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
}

/** Returns undefined for a form that is too large. */
async function readForm(req: IncomingMessage): Promise<URLSearchParams | undefined> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of req as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > MAX_FORM_BYTES) return undefined
    parts.push(part)
  }
  return new URLSearchParams(Buffer.concat(parts).toString())
}
