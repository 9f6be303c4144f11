/**
 * Two sockets that speak a protocol of their own after `101 Switching Protocols`: bytes go both ways, each side waits for the other.
 *
 * In: the client's and the upstream's socket. Out: one call of `ended`. A half-closed side closes the same half of the other
 * one; an error, or silence on both sides for the idle limit, destroys both.
 */

import type { Socket } from 'node:net'
import { GatewayError } from '../errors.js'
import { isLegalField, type RawFields } from '../http/fields.js'
import type { UpgradeOffer, UpstreamTunnel } from '../message/protocol-change.js'
import { Deadline, deadlines } from '../telemetry/timer-wheel.js'

/** Called once; `bytesIn` came from the client, `bytesOut` went to it. */
export type TunnelEnded = (bytesIn: number, bytesOut: number, error: GatewayError | undefined) => void

/** A silent tunnel is looked at this often within its idle limit. */
const LOOKS = 4

/** Two sockets that are joined. */
export class Tunnel extends Deadline {
  private readonly client: Socket
  private readonly upstream: Socket
  private readonly idleMs: number
  private readonly ended: TunnelEnded
  private readonly readBefore: number
  private readonly writtenBefore: number
  private progress = 0
  private quietLooks = 0
  private open = 2
  private over = false

  /** @param idleMs both sides may be silent this long; 0 = no limit */
  constructor(client: Socket, upstream: Socket, idleMs: number, ended: TunnelEnded) {
    super()
    this.client = client
    this.upstream = upstream
    this.idleMs = idleMs
    this.ended = ended
    this.readBefore = client.bytesRead
    this.writtenBefore = client.bytesWritten
  }

  /** Joins the sockets. The head of the 101 response is written before. */
  start(): void {
    const { client, upstream } = this
    client.on('error', cause =>
      this.finish(new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'the client broke the tunnel off', cause }))
    )
    upstream.on('error', cause => this.finish(brokenOff(cause)))
    client.on('close', () => this.closed(client, upstream))
    upstream.on('close', () => this.closed(upstream, client))
    if (client.destroyed) return this.finish(new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'context canceled' }))
    if (upstream.destroyed) return this.finish(brokenOff(upstream.errored))
    client.allowHalfOpen = true
    upstream.allowHalfOpen = true
    for (const socket of [client, upstream]) socket.setTimeout(0).setNoDelay(true)
    client.pipe(upstream)
    upstream.pipe(client)
    if (this.idleMs > 0) deadlines.schedule(this, this.idleMs / LOOKS)
  }

  /** A side that closed before both directions had ended takes the other one with it. */
  private closed(side: Socket, other: Socket): void {
    if (this.over) return
    if (--this.open === 0) return this.finish(undefined)
    if (!side.readableEnded || !side.writableFinished) other.destroy()
  }

  override fire(): void {
    if (this.over) return
    const progress = moved(this.client) + moved(this.upstream)
    if (progress !== this.progress) {
      this.progress = progress
      this.quietLooks = 0
    } else if (++this.quietLooks >= LOOKS) {
      const limit = `tunnel_idle_timeout=${this.idleMs}ms`
      return this.finish(new GatewayError('SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE', { message: 'the tunnel stood still', limit }))
    }
    deadlines.schedule(this, this.idleMs / LOOKS)
  }

  /** Ends both sides. */
  cut(reason: GatewayError): void {
    this.finish(reason)
  }

  private finish(error: GatewayError | undefined): void {
    if (this.over) return
    this.over = true
    deadlines.cancel(this)
    const { client, upstream } = this
    client.destroy()
    upstream.destroy()
    this.ended(client.bytesRead - this.readBefore, client.bytesWritten - this.writtenBefore, error)
  }
}

/**
 * Accepts a client's offer, tells the client of the change and joins both sockets; `raw` are the other fields of the 101 response.
 * @throws GatewayError SLUICE_ERR_UPSTREAM_PROTOCOL for a field that cannot be written; the offer is open then
 */
export function openTunnel(
  offer: UpgradeOffer,
  upstream: UpstreamTunnel,
  raw: RawFields,
  idleMs: number,
  ended: TunnelEnded
): Tunnel {
  const head = switchingHead(upstream.protocol, raw)
  const client = offer.accept()
  client.write(head, 'latin1')
  const tunnel = new Tunnel(client, upstream.socket, idleMs, ended)
  tunnel.start()
  return tunnel
}

/** Bytes that have passed the socket; of written ones those that the kernel has taken. */
function moved(socket: Socket): number {
  return socket.bytesRead + socket.bytesWritten - socket.writableLength
}

function brokenOff(cause: unknown): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_RESET', { message: 'the upstream broke the tunnel off', cause })
}

function switchingHead(protocol: string, raw: RawFields): string {
  let head = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n`
  for (let i = 0; i < raw.length; i += 2) {
    if (!isLegalField(raw[i]!, raw[i + 1]!))
      throw new GatewayError('SLUICE_ERR_UPSTREAM_PROTOCOL', { message: `illegal header ${raw[i]} in a 101 response` })
    head += `${raw[i]}: ${raw[i + 1]}\r\n`
  }
  return `${head}\r\n`
}
