import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'

/** Bytes read from a socket at once. */
const BUFFER_BYTES = 64 * 1024
/** What is kept and smaller than this is copied, so that a few bytes never hold a whole buffer. */
const COPY_BYTES = 32 * 1024
/** Reads that are not held after a buffer was not given back: the reader of this connection's responses keeps them. */
const DISTRUST = 64
/** Most buffers that wait to be used again, of all connections: 4 MiB. */
const MAX_SPARE = 64

/** Buffers that came back from calls; the last one is still in the processor's cache. */
const spare: Buffer[] = []

/** What becomes of the bytes that were just read. */
const KEPT = 0
const LENT = 1
const HELD = 2

/**
 * Reads one socket into a buffer that is used again where no reader keeps what was read. Node would allocate 64 KiB
 * for each read and take the bytes through a Readable. With this, and with writes that wait for no drain, a response of 1 MiB costs half
 * the CPU (bench/peers, pass-1m).
 *
 * undici takes the bytes by `read()` when `readable` is emitted, hands out views of them, and keeps views of a head that is
 * not whole. So a buffer is given up after each read unless a call said {@link lend} in the course of it, or {@link hold} and
 * later {@link giveBack}; after a read that was given up, a small one is copied.
 */
export class SocketReader {
  private socket: Socket | undefined = undefined
  private buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  /** What was read, or given back, and not yet taken. While it is there the socket is not read. */
  private chunk: Buffer | null = null
  /** What the last read was: KEPT, LENT or HELD. */
  private use = KEPT
  /** The current read was copied out of the buffer. */
  private copied = false
  /** On loan to a call. */
  private held: Buffer | undefined = undefined
  private distrust = 0
  /** The next `read()` is the socket's own: it starts the reading. */
  private stopped = true
  /** The other side has ended: every `read()` is the socket's own. */
  private ended = false
  private released = false

  /** `onread` of `net.connect`. */
  readonly onread = {
    buffer: (): Buffer => this.buffer,
    callback: (bytes: number, _buffer: Uint8Array): boolean => this.take(bytes)
  }

  /** Takes over `read()` of a socket that was opened with {@link onread}. */
  attach(socket: Socket): void {
    this.socket = socket
    const { read, push } = socket
    socket.read = (size?: number) => {
      // what was read comes first, and the reading rests until it is taken: no bytes pile up behind a client that reads slowly
      if (this.chunk !== null) return size === 0 ? null : this.takeChunk()
      if (!this.stopped && !this.ended && socket.readableLength === 0) return null
      this.stopped = false
      return read.call(socket, size)
    }
    // undici gives back what it has not parsed when a call pauses
    socket.unshift = (rest: Buffer) => {
      if (rest.length > 0) this.chunk = this.use === KEPT ? rest : Buffer.from(rest)
    }
    socket.push = (data: unknown, encoding?: BufferEncoding) => {
      this.ended = true
      return push.call(socket, data, encoding)
    }
  }

  /** Promises that nothing of the bytes just read is used after this turn; holds for this read alone. */
  lend(): void {
    this.use = LENT
  }

  /** Takes {@link lend} back. */
  keep(): void {
    this.use = KEPT
  }

  /** Keeps the bytes just read for a while: returns what {@link giveBack} takes afterwards, undefined when there is nothing to give back. */
  hold(): Buffer | undefined {
    if (this.held !== undefined && this.held !== this.buffer) {
      this.held = undefined
      this.distrust = DISTRUST
    }
    if (this.distrust > 0) {
      this.distrust--
      return undefined
    }
    this.use = HELD
    if (this.copied) return undefined
    this.held = this.buffer
    return this.buffer
  }

  /** Nothing of a buffer that {@link hold} returned is used any more. */
  giveBack(buffer: Buffer): void {
    if (buffer !== this.held) return
    this.held = undefined
    if (spare.length < MAX_SPARE) spare.push(buffer)
  }

  /** Gives a socket away as an ordinary stream. */
  release(socket: Socket): void {
    if (this.socket !== socket) return
    this.released = true
    const own: { read?: unknown; push?: unknown; unshift?: unknown } = socket
    delete own.read
    delete own.push
    delete own.unshift
    if (this.chunk !== null) socket.unshift(this.takeChunk())
  }

  private takeChunk(): Buffer | null {
    const { chunk } = this
    this.chunk = null
    return chunk
  }

  private take(bytes: number): boolean {
    const socket = this.socket!
    const copied = this.use === KEPT && bytes < COPY_BYTES
    const chunk = copied ? Buffer.from(this.buffer.subarray(0, bytes)) : this.buffer.subarray(0, bytes)
    this.use = KEPT
    this.copied = copied
    if (this.released) {
      if (!copied) this.buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
      return socket.push(chunk)
    }
    this.chunk = chunk
    socket.emit('readable')
    if (this.use !== LENT && !copied) this.replaceBuffer()
    if (this.chunk === null && socket.readableLength === 0) return true
    this.stopped = true // until the rest is read
    return false
  }

  private replaceBuffer(): void {
    this.buffer = spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES)
  }
}
