import { constants, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { ServerConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import { LINGER_MS } from './connection.js'
import type { ExchangeTimes, Http2Exchange } from './http2-exchange.js'
import { StreamPlaces } from './stream-places.js'

/** Streams a client may hold open at once in one session, and requests of it that are under way; Go's number. */
export const MAX_STREAMS = 250

export type HeaderLimits = Pick<ServerConfig, 'http2HeaderFieldsPerSecond' | 'http2HeaderBytesPerSecond'>

export interface Http2Times extends ExchangeTimes {
  /** ms for a head, and for the first SETTINGS of a client. */
  readonly headMs: number
  /** ms without any stream. */
  readonly idleMs: number
}

/** Fields and bytes that every head may have without being counted against the limits per second. */
const FREE_FIELDS = 64
const FREE_BYTES = 8 * 1024
/** What a field costs besides its bytes (RFC 9113 §6.5.2). */
const FIELD_BYTES = 32

/** State of one HTTP/2 connection, and the rules of time and quantity that are kept on it. */
export class Http2Connection {
  readonly session: ServerHttp2Session
  readonly remoteAddress: string
  /** Exchanges whose stream is open. */
  readonly open = new Set<Http2Exchange>()
  readonly places = new StreamPlaces<Http2Exchange>(MAX_STREAMS)
  /** The connection broke a limit: nothing more is served. */
  failed = false
  private readonly socket: Socket
  private readonly limits: HeaderLimits
  private greeted = false
  private readonly startedAt: number
  /** Since when no stream is open. */
  private idleSince: number
  /** Since when nothing is served any more; 0 = the connection is served. */
  private closingSince = 0
  /** Bytes received of which it is known that they end with a whole frame. */
  private wholeBytes = 0
  /** Since when a PING has no response; 0 = none is out. */
  private askedSince = 0
  /** Bytes received when {@link isDead} asked last. */
  private probedBytes = 0
  /** Bytes sent when {@link isDead} asked last; -1 = the PING has left. */
  private probedAt = -1
  /** Bytes sent when a response was cut; -1 = none was since the last sweep. */
  private stuckAt = -1
  private secondSince = 0
  private fields = 0
  private bytes = 0

  constructor(session: ServerHttp2Session, socket: Socket, limits: HeaderLimits, now: number) {
    this.session = session
    this.socket = socket
    this.limits = limits
    this.remoteAddress = socket.remoteAddress ?? ''
    this.startedAt = now
    this.idleSince = now
    session.once('remoteSettings', () => {
      this.greeted = true
    })
  }

  /** Notes a new exchange; returns false when it has to wait for a place. Per request. */
  begin(exchange: Http2Exchange): boolean {
    this.open.add(exchange)
    const { stream } = exchange.request
    stream.once('close', () => {
      this.open.delete(exchange)
      this.places.leave(exchange, stream.aborted && !exchange.response.wasCut)
      this.idleSince = performance.now()
    })
    return this.places.take()
  }

  /**
   * Counts the fields of a head; returns false when there were too many in this second. A byte on the wire may stand for 4 KiB of
   * fields (RFC 7541 §6.1). So their number and size are limited, not the received bytes.
   */
  affords(raw: readonly string[]): boolean {
    let bytes = 0
    for (let i = 0; i < raw.length; i++) bytes += raw[i]!.length
    const fields = raw.length / 2
    bytes += fields * FIELD_BYTES
    if (fields <= FREE_FIELDS && bytes <= FREE_BYTES) return true
    const now = performance.now()
    if (now - this.secondSince >= 1000) {
      this.secondSince = now
      this.fields = 0
      this.bytes = 0
    }
    this.fields += Math.max(0, fields - FREE_FIELDS)
    this.bytes += Math.max(0, bytes - FREE_BYTES)
    return this.fields <= this.limits.http2HeaderFieldsPerSecond && this.bytes <= this.limits.http2HeaderBytesPerSecond
  }

  /** Ends the connection with GOAWAY(ENHANCE_YOUR_CALM). */
  fail(limit: string): void {
    this.failed = true
    const error = new GatewayError('SLUICE_ERR_CLIENT_TIMEOUT', { message: 'the connection broke a limit', limit })
    this.session.destroy(error, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }

  /** Cuts what is left when the gateway closes. */
  closeGateway(): void {
    this.session.destroy(new GatewayError('SLUICE_ERR_GATEWAY_CLOSING'))
  }

  /** Notes that a response was cut: RST_STREAM has to leave before the next sweep, or the socket is cut. */
  cutAnswer(): void {
    this.stuckAt = this.socket.bytesWritten
  }

  /** Returns the limit of time that was broken, for which the connection is to be ended. */
  check(times: Http2Times, now: number): string | undefined {
    const { session, socket } = this
    if (session.destroyed) return this.waitForEnd(now)
    if (socket.bytesWritten <= this.stuckAt) socket.destroy()
    this.stuckAt = -1
    if (this.open.size > 0 && this.isDead()) socket.destroy()
    if (session.closed) return this.open.size === 0 ? this.waitForEnd(now) : undefined
    if (!this.greeted) return now - this.startedAt >= times.headMs ? `no SETTINGS for ${times.headMs}ms` : undefined
    if (this.open.size > 0) return undefined
    if (now - this.idleSince >= times.idleMs) {
      session.close()
      return undefined
    }
    return this.holdsHalfFrame(times.headMs, now) ? `read_header_timeout=${times.headMs}ms` : undefined
  }

  /**
   * nghttp2 reports a connection error to the client by itself (RFC 9113 §5.4.1). node:http2 then neither ends the session nor
   * reads its socket, so it would miss that the client leaves. Such a session shows by a PING that it does not send although the
   * socket takes bytes.
   */
  private isDead(): boolean {
    const { session, socket } = this
    const dead = this.probedAt !== -1 && socket.bytesWritten === this.probedAt && !isBlocked(socket)
    this.probedAt = -1
    if (dead) return true
    if (socket.bytesRead === this.probedBytes || isBlocked(socket)) return false
    const sent = socket.bytesWritten
    if (session.ping(ignore)) this.probedAt = sent
    this.probedBytes = socket.bytesRead
    return false
  }

  /**
   * A client in the middle of a frame, or of a head without END_HEADERS, cannot respond to a PING before its end; any other has to
   * (RFC 9113 §6.7). Called once for what came since the last call.
   */
  private holdsHalfFrame(headMs: number, now: number): boolean {
    if (this.askedSince !== 0) return now - this.askedSince >= headMs
    if (this.socket.bytesRead === this.wholeBytes) return false
    this.askedSince = now
    this.session.ping(error => {
      if (error !== null) return
      this.askedSince = 0
      this.wholeBytes = this.socket.bytesRead
    })
    return false
  }

  /** The session is ending; the socket of a client that does not take its last frames is cut. */
  private waitForEnd(now: number): undefined {
    if (this.closingSince === 0) this.closingSince = now
    else if (now - this.closingSince >= LINGER_MS) this.socket.destroy()
  }
}

/**
 * True when the client does not take what was written. node:http2 writes past the stream of the socket, so its handle is asked.
 */
function isBlocked(socket: Socket): boolean {
  const { _handle } = socket as { readonly _handle?: { readonly writeQueueSize?: number } | null }
  return _handle?.writeQueueSize !== 0
}

function ignore(): void {}
