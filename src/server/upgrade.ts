/**
 * `Upgrade` and CONNECT, behind which node:http gives a connection away: what becomes of such requests and of the bytes behind
 * them.
 */

import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { hasBody, lowerName } from '../http/fields.js'
import { tunnelProtocols } from '../http/upgrade-fields.js'
import type { UpgradeOffer } from '../message/protocol-change.js'
import type { Connection } from './connection.js'

/** Says, from its head, whether a request may end in a tunnel; false = the offer is passed over, as RFC 9110 §7.8 allows. */
export type UpgradeCheck = (request: IncomingMessage) => boolean

/** Bytes that a client may send ahead of the response before it has to wait. */
const AHEAD_BYTES = 64 * 1024

/** True for an offer that could be tunnelled: a GET without body whose `Upgrade` names more than forms of HTTP. */
export function isTunnelOffer(request: IncomingMessage): boolean {
  if (request.method !== 'GET' || request.httpVersionMajor !== 1 || request.httpVersionMinor !== 1) return false
  return !hasBody(request.rawHeaders) && tunnelProtocols(request.rawHeaders) !== undefined
}

/** Reads on, within a limit, a connection that no parser reads: the gateway notices a client that leaves, and no byte is lost. */
export class ReadAhead {
  private readonly connection: Connection
  private readonly chunks: Buffer[] = []
  private size = 0
  private readonly take = (chunk: Buffer): void => this.keep(chunk)
  private readonly left = (): void => void this.connection.socket.destroy()
  private readonly onBytes: (() => void) | undefined
  private readonly drained = (): void => void this.connection.response?.emit('drain')

  /** @param head what was read behind the request */
  constructor(connection: Connection, head: Buffer, onBytes?: () => void) {
    const { socket } = connection
    this.connection = connection
    this.onBytes = onBytes
    socket.on('drain', this.drained)
    socket.on('end', this.left)
    socket.on('data', this.take)
    socket.resume()
    if (head.length > 0) this.keep(head)
  }

  private keep(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.size += chunk.length
    this.onBytes?.()
    if (this.size >= AHEAD_BYTES) this.connection.socket.pause()
  }

  /** Stops reading; returns what was read. */
  stop(): Buffer {
    const { socket } = this.connection
    socket.pause()
    socket.removeListener('drain', this.drained)
    socket.removeListener('end', this.left)
    socket.removeListener('data', this.take)
    return Buffer.concat(this.chunks)
  }
}

/** A request on a connection that node:http has given away, until its response is out or a tunnel is made of it. */
export class Handshake implements UpgradeOffer {
  readonly protocol: string
  /** Writes an ordinary response. */
  readonly response: ServerResponse
  private readonly connection: Connection
  private readonly ahead: ReadAhead

  /**
   * @param goOn called with the bytes behind the request when an ordinary response is out. Without such bytes the connection ends
   * with the response, as no parser reads it
   */
  constructor(request: IncomingMessage, connection: Connection, head: Buffer, goOn: (rest: Buffer) => void) {
    const { socket } = connection
    this.protocol = tunnelProtocols(request.rawHeaders) ?? ''
    this.connection = connection
    this.response = new ServerResponse(request)
    this.response.shouldKeepAlive = false
    this.response.assignSocket(socket)
    this.response.once('finish', () => this.answered(goOn))
    const goesOn = !saysClose(request)
    this.ahead = new ReadAhead(connection, head, () => {
      if (goesOn && !this.response.headersSent) this.response.shouldKeepAlive = true
    })
  }

  private answered(goOn: (rest: Buffer) => void): void {
    const { response, connection, ahead } = this
    const rest = ahead.stop()
    response.detachSocket(connection.socket)
    response.emit('close')
    if (response.shouldKeepAlive) goOn(rest)
    else connection.socket.destroySoon()
  }

  accept(): Socket {
    const { connection, response } = this
    const { socket } = connection
    const rest = this.ahead.stop()
    response.detachSocket(socket)
    connection.becomeTunnel()
    if (rest.length > 0) socket.unshift(rest)
    return socket
  }
}

function saysClose(request: IncomingMessage): boolean {
  return /(^|,)\s*close\s*(,|$)/i.test(request.headers.connection ?? '')
}

/** The head of a request as bytes, without its offer of another protocol. */
export function headWithoutOffer(request: IncomingMessage): Buffer {
  const { rawHeaders, method, url, httpVersion } = request
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const lower = lowerName(name)
    if (lower === 'upgrade') continue
    const value = lower === 'connection' ? withoutUpgrade(rawHeaders[i + 1]!) : rawHeaders[i + 1]!
    if (lower !== 'connection' || value !== '') head += `${name}: ${value}\r\n`
  }
  return Buffer.from(`${head}\r\n`, 'latin1')
}

function withoutUpgrade(connection: string): string {
  return connection
    .split(',')
    .map(option => option.trim())
    .filter(option => option !== '' && option.toLowerCase() !== 'upgrade')
    .join(', ')
}
