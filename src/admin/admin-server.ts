/**
 * The admin port: a small listener of its own for operators and orchestrators. In: a table of paths. Out: the response of the path's
 * route, once the request has shown that it may see it. It reads no bodies but those of routes that ask for one.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AdminConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import { AdminAccess } from './access.js'
import { limitConnections } from './connection-limit.js'
import { sendText } from './send.js'

/** What stands behind one path of the admin port. */
export interface AdminRoute {
  /** HEAD goes with GET. */
  readonly methods: readonly ('GET' | 'POST')[]
  /** Answered without a token and under any name: probes. Default false. */
  readonly open?: boolean
  /** Writes the response. A failure is logged, and is 500 when nothing was sent. */
  handle(req: IncomingMessage, res: ServerResponse): void | Promise<void>
}

/** ms for a request, head and body. */
const REQUEST_TIMEOUT_MS = 5_000
/** ms that a connection waits for a further request. */
const IDLE_TIMEOUT_MS = 5_000
const MAX_HEAD_BYTES = 16 * 1024
const MAX_CONNECTIONS = 256

/** Fields of every response: nothing is cached, framed, guessed or sent elsewhere. */
const SAFE_FIELDS: readonly (readonly [string, string])[] = [
  ['Cache-Control', 'no-store'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  // not `no-referrer`: browsers then send forms without saying where they come from
  ['Referrer-Policy', 'same-origin'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY']
]

/** The listener of the admin port. */
export class AdminServer {
  readonly access: AdminAccess
  private readonly config: AdminConfig
  private readonly onError: (error: unknown) => void
  private readonly routes = new Map<string, AdminRoute>()
  private server: Server | undefined
  private readonly onRequest = (req: IncomingMessage, res: ServerResponse): void => void this.serve(req, res)

  /** @param onError called for failures of routes and of the listening socket */
  constructor(config: AdminConfig, onError: (error: unknown) => void) {
    this.config = config
    this.onError = onError
    this.access = new AdminAccess(config)
  }

  /** Puts a route behind an exact path, in place of one that stands there. */
  route(path: string, route: AdminRoute): void {
    this.routes.set(path, route)
  }

  /** Opens the port. @throws GatewayError SLUICE_ERR_CONFIG_LISTEN */
  async open(): Promise<{ address: string; port: number }> {
    const server = createServer({
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: MAX_HEAD_BYTES
    })
    limitConnections(server, MAX_CONNECTIONS)
    server.on('request', this.onRequest)
    const { address, port } = this.config
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const message = `the admin port cannot listen on ${address}:${port}: ${cause.code ?? cause.message}`
        reject(new GatewayError('SLUICE_ERR_CONFIG_LISTEN', { message, cause }))
      })
      server.listen({ host: address, port }, resolve)
    })
    server.removeAllListeners('error').on('error', this.onError)
    this.server = server
    const bound = server.address() as AddressInfo
    return { address: bound.address, port: bound.port }
  }

  /** True when another server with this configuration would want the same port. */
  sharesPort({ config }: AdminServer): boolean {
    return config.address === this.config.address && config.port === this.config.port
  }

  /** Takes the open port of a server over, which has none then: requests from now on find the routes of this one. */
  adopt(old: AdminServer): void {
    const { server } = old
    if (server === undefined) return
    old.server = undefined
    this.server = server
    server.off('request', old.onRequest).on('request', this.onRequest)
    server.removeAllListeners('error').on('error', this.onError)
  }

  /** Closes the port and cuts what is connected to it. */
  async close(): Promise<void> {
    const { server } = this
    this.server = undefined
    if (server === undefined) return
    await new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    for (const [name, value] of SAFE_FIELDS) res.setHeader(name, value)
    try {
      const path = (req.url ?? '').split('?', 1)[0]!
      const route = this.routes.get(path)
      if (route?.open !== true && !this.access.admits(req, res)) return
      if (route === undefined) return sendText(res, 404, 'There is nothing here.\n')
      if (!this.takes(route, req, res)) return
      await route.handle(req, res)
    } catch (error) {
      // a client that left in the middle of its form is no failure of the port
      if (req.destroyed && !req.complete) return
      this.onError(error)
      if (res.headersSent) res.destroy()
      else sendText(res, 500, 'The admin port could not do this; its log says why.\n')
    }
  }

  /** False when the method, or a body, was refused. */
  private takes(route: AdminRoute, req: IncomingMessage, res: ServerResponse): boolean {
    const method = req.method === 'HEAD' ? 'GET' : req.method
    if (!route.methods.some(one => one === method)) {
      const allowed = route.methods.flatMap(one => (one === 'GET' ? ['GET', 'HEAD'] : [one]))
      res.setHeader('Allow', allowed.join(', '))
      sendText(res, 405, 'This method is not allowed here.\n')
      return false
    }
    const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
    if (method === 'POST' || !hasBody) return true
    res.setHeader('Connection', 'close')
    sendText(res, 413, 'No body is read here.\n')
    return false
  }
}
