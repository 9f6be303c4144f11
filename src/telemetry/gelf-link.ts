/** How GELF messages leave: datagrams, whole or in chunks, or a TCP connection that is opened again when it broke. */

import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6, type Socket } from 'node:net'

export interface GelfAddress {
  readonly host: string
  readonly port: number
}

export interface GelfLink {
  readonly dropped: number
  /** Takes a message; never throws, never blocks. */
  write(message: Buffer): void
  close(): Promise<void>
}

/** Bytes of a datagram, and of its head when it is a chunk. */
const MAX_DATAGRAM = 1420
const CHUNK_HEAD = 12
const MAX_CHUNKS = 128
/** Bytes that may wait for a server. */
const MAX_WAITING = 1024 * 1024
/** ms until an address is tried again. */
const RETRY_MS = 1000
/** ms that the end of the gateway may wait for a server. */
const PATIENCE_MS = 1000

/** Keeps messages until there is a connection. */
abstract class Link implements GelfLink {
  dropped = 0
  protected readonly address: GelfAddress
  protected closed = false
  private waiting: Buffer[] = []
  private waitingBytes = 0
  protected ready = false
  private whenSettled: (() => void)[] = []
  private settled = false

  constructor(address: GelfAddress) {
    this.address = address
  }

  write(message: Buffer): void {
    if (this.ready && this.hasRoom()) this.transmit(message)
    else if (this.closed || this.waitingBytes + message.length > MAX_WAITING) this.dropped++
    else {
      this.waiting.push(message)
      this.waitingBytes += message.length
    }
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await withinPatience(this.settled ? Promise.resolve() : new Promise<void>(resolve => this.whenSettled.push(resolve)))
    this.ready = false
    await withinPatience(this.end())
    this.destroy()
  }

  protected opened(): void {
    this.ready = true
    const { waiting } = this
    this.waiting = []
    this.waitingBytes = 0
    for (const message of waiting) this.transmit(message)
    this.settle()
  }

  /** The address cannot be reached, or not any more. */
  protected lost(): void {
    this.ready = false
    this.settle()
    if (!this.closed) setTimeout(() => this.closed || this.open(), RETRY_MS).unref()
  }

  private settle(): void {
    this.settled = true
    for (const resolve of this.whenSettled) resolve()
    this.whenSettled = []
  }

  protected abstract open(): void
  protected abstract hasRoom(): boolean
  protected abstract transmit(message: Buffer): void
  /** Settles when what was transmitted has left. */
  protected abstract end(): Promise<void>
  protected abstract destroy(): void
}

async function withinPatience(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>(resolve => {
    timer = setTimeout(resolve, PATIENCE_MS)
  })
  await Promise.race([work, patience])
  clearTimeout(timer)
}

export class UdpLink extends Link {
  private readonly socket
  private sending = 0
  private whenSent: (() => void) | undefined

  constructor(address: GelfAddress) {
    super(address)
    this.socket = createSocket(isIPv6(address.host) ? 'udp6' : 'udp4')
    this.socket.on('connect', () => this.opened())
    // Once connected, errors are those of single datagrams.
    this.socket.on('error', () => this.ready || this.lost())
    this.open()
    this.socket.unref()
  }

  protected open(): void {
    this.socket.connect(this.address.port, this.address.host)
  }

  protected hasRoom(): boolean {
    return this.sending < 1000
  }

  protected transmit(message: Buffer): void {
    const datagrams = message.length <= MAX_DATAGRAM ? [message] : chunksOf(message)
    if (datagrams.length > MAX_CHUNKS) {
      this.dropped++
      return
    }
    for (const datagram of datagrams) {
      this.sending++
      // A refused datagram is lost, as datagrams are.
      this.socket.send(datagram, () => {
        if (--this.sending === 0) this.whenSent?.()
      })
    }
  }

  protected end(): Promise<void> {
    if (this.sending === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.whenSent = resolve
    })
  }

  protected destroy(): void {
    this.socket.close()
  }
}

/** Magic bytes, an id of the message, number and count, then a part of it. */
function chunksOf(message: Buffer): Buffer[] {
  const size = MAX_DATAGRAM - CHUNK_HEAD
  const count = Math.ceil(message.length / size)
  const id = randomBytes(8)
  return Array.from({ length: count }, (_, number) => {
    const head = Buffer.from([0x1e, 0x0f, ...id, number, count])
    return Buffer.concat([head, message.subarray(number * size, (number + 1) * size)])
  })
}

const NULL = Buffer.alloc(1)

export class TcpLink extends Link {
  private socket!: Socket

  constructor(address: GelfAddress) {
    super(address)
    this.open()
  }

  protected open(): void {
    this.socket = connect(this.address)
    this.socket.unref()
    this.socket.on('connect', () => this.opened())
    this.socket.on('error', () => {})
    this.socket.on('close', () => this.lost())
    // Graylog says nothing; its end of the connection is noticed by reading.
    this.socket.resume()
  }

  protected hasRoom(): boolean {
    return this.socket.writableLength < MAX_WAITING
  }

  protected transmit(message: Buffer): void {
    this.socket.write(Buffer.concat([message, NULL]))
  }

  protected end(): Promise<void> {
    if (this.socket.destroyed || this.socket.connecting) return Promise.resolve()
    return new Promise(resolve => {
      this.socket.once('close', () => resolve())
      this.socket.end(() => this.socket.destroy())
    })
  }

  protected destroy(): void {
    this.socket.destroy()
  }
}
