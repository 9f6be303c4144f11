import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { GatewayError } from '../errors.js'
import { fieldOf, lowerName, type RawFields } from '../http/fields.js'
import type { ByteSink, ByteSource } from '../message/byte-flow.js'
import type { GatewayResponse } from '../message/response.js'
import { Deadline, deadlines } from '../telemetry/timer-wheel.js'
import { writeHead } from './write-head.js'

/** Most that is sent without a turn of the event loop. */
const MAX_BURST_BYTES = 1024 * 1024

/** Whose answer is sent. */
export interface AnswerOwner {
  /** Called once when the answer is over; `error` says why it was not whole. */
  sent(status: number, bytes: number, error: GatewayError | undefined): void
}

const WRITER = Symbol('sluice.writer')
type WrittenResponse = ServerResponse & { [WRITER]?: ResponseWriter }

function onDrain(this: WrittenResponse): void {
  this[WRITER]!.drained()
}

function watchBody(writer: ResponseWriter): void {
  writer.watch()
}

/** Sends one response to a client: head at once, body as it comes, back-pressure to its source. */
export class ResponseWriter extends Deadline implements ByteSink {
  private readonly owner: AnswerOwner
  private readonly res: WrittenResponse
  private readonly response: GatewayResponse
  private readonly idleMs: number
  private source: ByteSource | undefined = undefined
  private lastActivity = 0
  private bytes = 0
  /** Body bytes still to come; -1 = unknown. */
  private left = -1
  /** Bytes sent since the last drain. */
  private burst = 0
  private waitsForDrain = false
  private over = false
  /** The client's socket is one of the system: what has left it is nobody's any more. */
  private direct = false
  /** See {@link ByteSink.spent}. */
  spent = false

  /** @param idleMs the body may stand still this long on either side; 0 = for ever */
  constructor(owner: AnswerOwner, res: ServerResponse, response: GatewayResponse, idleMs: number) {
    super()
    this.owner = owner
    this.res = res
    this.response = response
    this.idleMs = idleMs
  }

  /** Sends head and body. @throws what node:http throws for fields that cannot be written; nothing was sent then */
  start(): void {
    const { res, response } = this
    if (res.destroyed || res.writableEnded) {
      response.discard()
      return this.finish(gone())
    }
    const body = response.openedBody
    if (body?.busy) {
      body.takeWhenSettled().then(
        source => this.stream(source),
        error => this.abandon(error)
      )
      return
    }
    if (response.bodiless || res.req.method === 'HEAD') return this.headOnly()
    const memory =
      body === undefined ? (Buffer.isBuffer(response.unopened) ? response.unopened : undefined) : body.bytesInMemory()
    if (memory !== undefined) return this.whole(memory)
    const content = body === undefined ? response.unopened : body.take()
    if (content === undefined) return this.whole(EMPTY)
    if ('flow' in content) return this.stream(content as ByteSource)
    this.whole((content as { bytes(): Buffer }).bytes())
  }

  private headOnly(): void {
    const { res, response } = this
    const describes = response.status !== 204 && (res.req.method === 'HEAD' || response.status === 304)
    const raw = describes ? response.raw : without(response.raw, 'content-length')
    const { unopened } = response
    if (res.req.method === 'HEAD' && Buffer.isBuffer(unopened) && fieldOf(raw, 'content-length') === undefined) {
      raw.push('Content-Length', String(unopened.length))
    }
    writeHead(res, response.status, raw)
    response.discard()
    res.end()
    this.finish(undefined)
  }

  private whole(bytes: Buffer): void {
    const { res, response } = this
    const raw = response.raw
    if (fieldOf(raw, 'content-length') === undefined) raw.push('Content-Length', String(bytes.length))
    writeHead(res, response.status, raw)
    this.bytes = bytes.length
    res.end(bytes)
    this.finish(undefined)
  }

  private stream(source: ByteSource): void {
    const { res, response } = this
    const raw = response.raw
    if (source.length !== undefined && fieldOf(raw, 'content-length') === undefined)
      raw.push('Content-Length', String(source.length))
    this.source = source
    this.left = source.length ?? -1
    this.direct = res.req.httpVersionMajor === 1 && res.socket instanceof Socket
    writeHead(res, response.status, raw)
    source.flow(this)
    // mostly a small body is there by then, whole
    if (!this.over) process.nextTick(watchBody, this)
  }

  /** Used by {@link watchBody}. */
  watch(): void {
    if (this.over) return
    // SSE and slow bodies: the head leaves even when no byte is there yet
    if (this.bytes === 0) this.res.flushHeaders()
    if (this.idleMs === 0) return
    this.lastActivity = deadlines.now()
    deadlines.schedule(this, this.idleMs)
  }

  /** Called by its response when the client has read on. */
  drained(): void {
    if (this.over) return
    this.burst = 0
    this.lastActivity = deadlines.now()
    this.source!.resume()
  }

  write(chunk: Uint8Array): boolean {
    if (this.over) return false
    const { res } = this
    this.lastActivity = deadlines.now()
    this.bytes += chunk.length
    this.spent = false
    if (this.left >= 0) this.left -= chunk.length
    if (this.left === 0) {
      // the last bytes and the end in one write
      res.end(chunk)
      this.wentOut(0)
      return true
    }
    return res.write(chunk) || this.wentOut(chunk.length) || this.waitForDrain()
  }

  /**
   * A large chunk always "needs drain" because node holds it back until the next tick. Sent at once, mostly nothing is left to
   * wait for: 1 MiB takes about 20 writes instead of 33 (bench/chain, 1m). Limited, so that no source runs on for ever.
   */
  private wentOut(bytes: number): boolean {
    const { socket } = this.res
    if (!this.direct || socket === null) return false
    socket.uncork()
    this.burst += bytes
    this.spent = socket.writableLength === 0
    return this.spent && this.burst < MAX_BURST_BYTES
  }

  private waitForDrain(): false {
    if (!this.waitsForDrain) {
      this.waitsForDrain = true
      this.res[WRITER] = this
      this.res.on('drain', onDrain)
    }
    return false
  }

  end(trailers: readonly string[]): void {
    if (this.over) return
    const { res } = this
    if (
      trailers.length > 0 &&
      res.req.httpVersionMajor === 1 &&
      /(^|[,\s])trailers\b/i.test(fieldOf(res.req.rawHeaders, 'te') ?? '')
    )
      addTrailers(res, trailers)
    if (!res.writableEnded) res.end()
    this.finish(undefined)
  }

  /** After the head only one thing is honest: the connection ends before the body does. */
  fail(error: GatewayError): void {
    if (this.over) return
    this.finish(error)
    if (!this.res.writableFinished) this.res.destroy()
  }

  /** The client went away. */
  cancel(reason: GatewayError): void {
    if (this.over) return
    this.finish(reason)
    this.source?.destroy(reason)
  }

  override fire(): void {
    if (this.over) return
    const idle = deadlines.now() - this.lastActivity
    if (idle < this.idleMs) {
      deadlines.schedule(this, this.idleMs - idle)
      return
    }
    const error = new GatewayError('SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE', {
      message: this.res.writableNeedDrain ? 'the client stopped reading' : 'the upstream stopped sending',
      limit: `idle=${this.idleMs}ms`
    })
    this.finish(error)
    this.source?.destroy(error)
    this.res.destroy()
  }

  private abandon(error: GatewayError): void {
    this.finish(error)
    this.res.destroy()
  }

  private finish(error: GatewayError | undefined): void {
    this.over = true
    deadlines.cancel(this)
    this.owner.sent(this.response.status, this.bytes, error)
  }
}

const EMPTY = Buffer.alloc(0)

function gone(): GatewayError {
  return new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'context canceled' })
}

function without(raw: RawFields, lower: string): RawFields {
  const out: RawFields = []
  for (let i = 0; i < raw.length; i += 2) if (lowerName(raw[i]!) !== lower) out.push(raw[i]!, raw[i + 1]!)
  return out
}

/** Fields that may not stand in a trailer section (RFC 9110 §6.5.1). */
const NOT_IN_TRAILERS = new Set([
  'content-length',
  'transfer-encoding',
  'host',
  'trailer',
  'content-encoding',
  'content-type',
  'set-cookie',
  'authorization'
])

/** Sends a trailer section; only for clients that said `TE: trailers`. Illegal fields are dropped. */
export function addTrailers(res: ServerResponse, trailers: readonly string[]): void {
  const pairs: [string, string][] = []
  for (let i = 0; i < trailers.length; i += 2)
    if (!NOT_IN_TRAILERS.has(lowerName(trailers[i]!))) pairs.push([trailers[i]!, trailers[i + 1]!])
  try {
    res.addTrailers(pairs)
  } catch {
    // a trailer that cannot be written is metadata lost, not a body broken
  }
}
