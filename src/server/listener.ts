/**
 * The listener: opens one port and speaks HTTP/1.1; where configured also TLS, HTTP/2 by ALPN, and cleartext HTTP/2 by its preface.
 * In: the server part of a configuration and a handler. Out: requests whose head is valid, within limits and timeouts. At the end
 * it stops accepting, lets what runs finish and cuts the rest. No error on a connection ends the process.
 */

import type { AddressInfo, Server } from 'node:net'
import { createServer as createNetServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { ServerConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import type { ClientErrorInfo } from './client-error.js'
import { Http1, type RequestHandler } from './http1.js'
import { Http2 } from './http2.js'
import { headTimeoutOf } from './limits.js'
import { loadTls } from './server-tls.js'
import { sniffProtocol } from './sniff.js'
import type { UpgradeCheck } from './upgrade.js'

export interface ListenerOptions {
  readonly server: ServerConfig
  /** 0 = the kernel chooses. */
  readonly port: number
  /** '' = all interfaces. */
  readonly listenIp: string
  /** Says which requests may end in a tunnel; without it, or when it returns false, they are served as ordinary ones. */
  readonly mayUpgrade?: UpgradeCheck
  /** Called for requests and connections that the listener ended by itself. */
  readonly onClientError?: (info: ClientErrorInfo) => void
  /** Called for errors of the listening socket (`EMFILE` …) and errors that the handler threw; the listener goes on. */
  readonly onError?: (error: unknown) => void
}

export interface Listener {
  /**
   * Opens the port; TLS files are read and checked first.
   * @throws GatewayError SLUICE_ERR_CONFIG_LISTEN
   */
  listen(): Promise<{ address: string; port: number }>
  /**
   * Stops accepting at once, ends idle connections, lets running exchanges finish with `Connection: close`. Resolves to true when
   * all is done, to false when `graceMs` (0 = no limit) passed first and the rest was cut. Tunnels do not end by themselves: they
   * are cut when the grace is over or, without one, with the last exchange. They count as done.
   */
  drain(graceMs: number): Promise<boolean>
  /** Cuts everything. */
  destroy(): void
  /** Open connections, tunnels included. */
  readonly connections: number
}

/** Creates a listener; nothing is opened before {@link Listener.listen}. The handler may throw: the client gets a 500. */
export function createListener(options: ListenerOptions, onRequest: RequestHandler): Listener {
  return new GatewayListener(options, onRequest)
}

const ignore = (): void => {}

class GatewayListener implements Listener {
  private readonly options: ListenerOptions
  private readonly http1: Http1
  private readonly http2: Http2 | undefined
  private readonly sockets = new Set<Socket>()
  private door: Server | undefined
  private drained: (() => void) | undefined

  constructor(options: ListenerOptions, onRequest: RequestHandler) {
    this.options = options
    const shared = {
      limits: options.server,
      onRequest,
      mayUpgrade: options.mayUpgrade,
      onClientError: options.onClientError ?? ignore,
      onHandlerError: options.onError ?? ignore
    }
    this.http1 = new Http1(shared)
    this.http2 = options.server.tls !== undefined || options.server.useH2c ? new Http2(shared) : undefined
  }

  get connections(): number {
    return this.sockets.size
  }

  async listen(): Promise<{ address: string; port: number }> {
    const door = await this.createDoor()
    this.door = door
    door.on('connection', (socket: Socket) => this.track(socket))
    await openPort(door, this.options)
    door.on('error', error => this.options.onError?.(error)) // EMFILE and the like: node accepts again by itself
    if (door !== this.http1.server) this.http1.trackForeign()
    const { address, port } = door.address() as AddressInfo
    return { address, port }
  }

  private async createDoor(): Promise<Server> {
    const { server } = this.options
    const { http1, http2 } = this
    const headTimeoutMs = headTimeoutOf(server)
    if (server.tls !== undefined) {
      const tls = await loadTls(server.tls)
      const door = createTlsServer({ ...tls, ALPNProtocols: ['h2', 'http/1.1'], handshakeTimeout: headTimeoutMs })
      door.on('secureConnection', (socket: TLSSocket) => {
        if (socket.alpnProtocol === 'h2') http2!.accept(socket)
        else http1.server.emit('connection', socket)
      })
      door.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
        socket.destroy()
        this.options.onClientError?.({
          code: 'SLUICE_ERR_CLIENT_BAD_REQUEST',
          status: 0,
          remoteAddress: socket.remoteAddress ?? '',
          detail: error.code ?? error.message,
          method: '',
          target: '',
          served: false
        })
      })
      return door
    }
    if (!server.useH2c) return http1.server
    return createNetServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 }, socket => {
      sniffProtocol(socket, headTimeoutMs, isHttp2 => {
        if (isHttp2) http2!.accept(socket)
        else http1.server.emit('connection', socket)
      })
    })
  }

  private track(socket: Socket): void {
    this.sockets.add(socket)
    socket.once('close', () => {
      this.sockets.delete(socket)
      this.drained?.()
    })
  }

  async drain(graceMs: number): Promise<boolean> {
    // Not http.Server's own close: it would stop the timers that guard the connections which are still busy.
    const { door } = this
    if (door?.listening) netClose(door)
    this.http1.drain()
    this.http2?.drain()
    let timer: NodeJS.Timeout | undefined
    const done = await new Promise<boolean>(resolve => {
      this.drained = () => {
        if (this.sockets.size === (graceMs === 0 ? this.http1.tunnels : 0)) resolve(true)
      }
      this.drained()
      if (graceMs > 0) timer = setTimeout(() => resolve(this.sockets.size === this.http1.tunnels), graceMs)
    })
    clearTimeout(timer)
    this.destroy()
    return done
  }

  destroy(): void {
    if (this.door?.listening) netClose(this.door)
    this.http2?.destroy()
    this.http1.destroy()
    for (const socket of this.sockets) socket.destroy()
  }
}

const plainClose = createNetServer().close

function netClose(door: Server): void {
  plainClose.call(door, ignore)
}

function openPort(door: Server, { port, listenIp }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => reject(listenError(cause, port, listenIp))
    door.once('error', fail)
    door.listen({ port, ...(listenIp !== '' && { host: listenIp }) }, () => {
      door.removeListener('error', fail)
      resolve()
    })
  })
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'bind: address already in use',
  EACCES: 'bind: permission denied (ports below 1024 need a privilege)',
  EADDRNOTAVAIL: 'bind: cannot assign requested address (is listen_ip an address of this machine?)',
  ENOTFOUND: 'listen_ip is not an address'
}

function listenError(cause: NodeJS.ErrnoException, port: number, listenIp: string): GatewayError {
  const text = CAUSES[cause.code ?? ''] ?? cause.message
  return new GatewayError('SLUICE_ERR_CONFIG_LISTEN', { message: `listen tcp ${listenIp}:${port}: ${text}`, cause })
}
