/** Connections whose client wants to change the protocol: which are offered, and what happens on them until the exchange has answered. */

import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { hasBody } from '../http/fields.js'
import { tunnelProtocols } from '../http/upgrade.js'
import type { UpgradeOffer } from '../message/upgrade.js'
import { type Connection, connectionOf } from './connection.js'

/** Says, from its head, whether a request may end in a tunnel; false = the offer is passed over, as RFC 9110 §7.8 allows. */
export type UpgradeCheck = (request: IncomingMessage) => boolean

/** Bytes that a client may send ahead of the answer before it has to wait. */
const AHEAD_BYTES = 64 * 1024

/**
 * Makes the class of request objects that tells node which connections to hand over: CONNECT, to be refused, and GETs
 * without body whose `Upgrade` may be tunnelled (h2c never) and is wanted.
 */
export function upgradableMessage(wanted: UpgradeCheck): typeof IncomingMessage {
  class UpgradableMessage extends IncomingMessage {
    private offered = false
    private decided: boolean | undefined = undefined

    get upgrade(): boolean {
      if (!this.offered) return false
      this.decided ??= this.method === 'CONNECT' || (isTunnelOffer(this) && wanted(this))
      return this.decided
    }

    // node writes it twice: what the parser saw, then whether a listener stands ready
    set upgrade(value: boolean) {
      this.offered = value
    }
  }
  return UpgradableMessage as unknown as typeof IncomingMessage
}

function isTunnelOffer(request: IncomingMessage): boolean {
  if (request.method !== 'GET' || request.httpVersionMajor !== 1 || request.httpVersionMinor !== 1) return false
  // behind an answer that is still owed nothing can be taken over
  if (connectionOf(request.socket)?.occupied) return false
  return !hasBody(request.rawHeaders) && tunnelProtocols(request.rawHeaders) !== undefined
}

/** An offer under way: reads ahead within a limit, so that a client that leaves is noticed. */
export class Handshake implements UpgradeOffer {
  readonly protocol: string
  /** Writes an ordinary answer; the connection ends with it. */
  readonly response: ServerResponse
  private readonly connection: Connection
  private readonly ahead: Buffer[] = []
  private aheadBytes = 0
  private readonly take = (chunk: Buffer): void => this.keep(chunk)
  private readonly left = (): void => this.clientLeft()
  private readonly drained = (): void => void this.response.emit('drain')

  constructor(request: IncomingMessage, connection: Connection, head: Buffer) {
    const { socket } = connection
    this.protocol = tunnelProtocols(request.rawHeaders) ?? ''
    this.connection = connection
    this.response = new ServerResponse(request)
    this.response.shouldKeepAlive = false // the parser has left this connection
    this.response.assignSocket(socket)
    this.response.once('finish', () => socket.destroySoon())
    socket.on('drain', this.drained)
    socket.on('end', this.left)
    socket.on('data', this.take)
    if (head.length > 0) this.keep(head)
  }

  private keep(chunk: Buffer): void {
    const { socket } = this.connection
    if (this.response.headersSent) return // an ordinary answer: what follows the request is nobody's
    this.ahead.push(chunk)
    this.aheadBytes += chunk.length
    if (this.aheadBytes >= AHEAD_BYTES) socket.pause()
  }

  private clientLeft(): void {
    if (!this.response.headersSent) this.connection.socket.destroy()
  }

  accept(): Socket {
    const { connection, response, ahead } = this
    const { socket } = connection
    socket.pause()
    socket.removeListener('drain', this.drained)
    socket.removeListener('end', this.left)
    socket.removeListener('data', this.take)
    response.detachSocket(socket)
    connection.becomeTunnel()
    if (ahead.length > 0) socket.unshift(Buffer.concat(ahead))
    return socket
  }
}
