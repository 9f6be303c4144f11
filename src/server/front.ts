/**
 * What is spoken on the connections of a port, under one set of settings: HTTP/1.1; where configured TLS, HTTP/2 by ALPN, and cleartext
 * HTTP/2 by its preface. Changed settings make another front behind the same port; connections end under those they began with.
 */

import type { Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { ServerConfig } from '../config/types.js'
import { type ClientErrorInfo, endWithRefusal, REFUSALS } from './client-error.js'
import { Http1, type Http1Options, type RequestHandler } from './http1.js'
import { Http2 } from './http2.js'
import { headTimeoutOf } from './limits.js'
import type { LoadedTls } from './server-tls.js'
import { sniffProtocol } from './sniff.js'
import type { UpgradeCheck } from './upgrade.js'

/** What all fronts of a listener have in common. */
export interface FrontHooks {
  readonly onRequest: RequestHandler
  readonly mayUpgrade: UpgradeCheck | undefined
  readonly onClientError: (info: ClientErrorInfo) => void
  readonly onError: (error: unknown) => void
}

export class Front {
  private readonly http1: Http1
  private readonly http2: Http2 | undefined
  private readonly tls: TlsFront | undefined
  private readonly useH2c: boolean
  private readonly headTimeoutMs: number
  private readonly sockets = new Set<Socket>()
  private readonly waiting = new Set<() => void>()

  /** @param tls loaded of `server.tls` */
  constructor(server: ServerConfig, tls: LoadedTls | undefined, hooks: FrontHooks) {
    const { onRequest, mayUpgrade, onClientError, onError } = hooks
    const shared: Http1Options = { limits: server, onRequest, mayUpgrade, onClientError, onHandlerError: onError }
    this.http1 = new Http1(shared)
    this.http1.trackForeign()
    this.http2 = tls !== undefined || server.useH2c ? new Http2(shared) : undefined
    this.useH2c = server.useH2c
    this.headTimeoutMs = headTimeoutOf(server)
    this.tls = tls && new TlsFront(tls, this.headTimeoutMs, (socket, isHttp2) => this.speak(socket, isHttp2), onClientError)
  }

  /** Open connections, tunnels included. */
  get connections(): number {
    return this.sockets.size
  }

  /** Takes an accepted connection over. */
  accept(socket: Socket): void {
    this.track(socket)
    if (this.tls !== undefined) this.tls.accept(socket)
    else if (this.useH2c) sniffProtocol(socket, this.headTimeoutMs, isHttp2 => this.speak(socket, isHttp2))
    else this.speak(socket, false)
  }

  /** Handshakes from now on use these certificates; what clients are asked for stays the same. */
  useTls(tls: LoadedTls): void {
    this.tls?.use(tls)
  }

  private speak(socket: Socket, isHttp2: boolean): void {
    if (isHttp2) this.http2!.accept(socket)
    else this.http1.server.emit('connection', socket)
  }

  private track(socket: Socket): void {
    this.sockets.add(socket)
    socket.once('close', () => {
      this.sockets.delete(socket)
      for (const look of this.waiting) look()
    })
  }

  /** Ends HTTP/1 connections that have had their response and bring no further request. Others stay. */
  endIdle(): void {
    this.http1.server.closeIdleConnections()
  }

  /** From now on each connection ends with its next response. */
  retire(): void {
    this.http1.retire()
    this.http2?.retire()
  }

  /** Waits for the last request of each connection, but no longer than `ms` (0 = no limit): its client may have sent it already. */
  async lastRequests(ms: number): Promise<void> {
    const { sockets, waiting } = this
    this.retire()
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>(resolve => {
      const look = (): void => {
        if (sockets.size > 0) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
      if (ms > 0) timer = setTimeout(resolve, ms).unref()
    })
    clearTimeout(timer)
  }

  /**
   * Ends idle connections, lets running exchanges finish with `Connection: close`, and cuts what is open after `graceMs` (0 = no limit).
   * Tunnels count as done, and are cut then, or, without a limit, with the last exchange; with `awaitsTunnels` they are waited for.
   * @returns false when time ran out
   */
  async finish(graceMs: number, awaitsTunnels = false): Promise<boolean> {
    const { http1, sockets, waiting } = this
    http1.drain()
    this.http2?.drain()
    let timer: NodeJS.Timeout | undefined
    const done = await new Promise<boolean>(resolve => {
      const look = (): void => {
        if (sockets.size > (graceMs === 0 && !awaitsTunnels ? http1.tunnels : 0)) return
        waiting.delete(look)
        resolve(true)
      }
      waiting.add(look)
      look()
      if (graceMs > 0) timer = setTimeout(() => resolve(sockets.size === http1.tunnels), graceMs)
    })
    clearTimeout(timer)
    this.destroy()
    return done
  }

  /** Cuts everything. */
  destroy(): void {
    this.http2?.destroy()
    this.http1.destroy()
    for (const socket of this.sockets) socket.destroy()
  }
}

/** Ends TLS and hands on what is inside. */
class TlsFront {
  private readonly server: TlsServer
  private choose: LoadedTls['choose']

  constructor(
    tls: LoadedTls,
    handshakeTimeoutMs: number,
    speak: (socket: Socket, isHttp2: boolean) => void,
    onClientError: FrontHooks['onClientError']
  ) {
    this.choose = tls.choose
    this.server = createTlsServer({
      ...tls.options,
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: handshakeTimeoutMs,
      SNICallback: (name, done) => done(null, this.choose?.(name))
    })
    this.server.on('secureConnection', (socket: TLSSocket) => speak(socket, socket.alpnProtocol === 'h2'))
    this.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const status = error.code === 'ERR_SSL_HTTP_REQUEST' ? refuseCleartext(socket) : 0
      if (status === 0) socket.destroy()
      onClientError({
        code: 'SLUICE_ERR_CLIENT_BAD_REQUEST',
        status,
        remoteAddress: socket.remoteAddress ?? '',
        detail: error.code ?? error.message,
        method: '',
        target: '',
        served: false
      })
    })
  }

  accept(socket: Socket): void {
    socket.allowHalfOpen = false
    this.server.emit('connection', socket)
  }

  use(tls: LoadedTls): void {
    this.server.setSecureContext(tls.options)
    this.choose = tls.choose
  }
}

/** Tells a client that speaks cleartext HTTP what it did, as Go does. @returns the status that was sent, 0 = none */
function refuseCleartext(failed: TLSSocket): number {
  const { _parent: socket } = failed as { readonly _parent?: Socket | null }
  if (!socket?.writable) return 0
  socket.once('finish', () => failed.destroy())
  endWithRefusal(socket, REFUSALS.cleartext)
  return REFUSALS.cleartext.status
}
