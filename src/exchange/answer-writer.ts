import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { GatewayError } from '../errors.js'
import { fieldOf, lowerName, type RawFields } from '../http/fields.js'
import { sniffType } from '../http/sniff-type.js'
import type { Body, ValueSource } from '../message/body.js'
import type { ByteSink, ByteSource } from '../message/byte-flow.js'
import { Exchange } from '../message/context.js'
import type { GatewayResponse } from '../message/response.js'
import { deadlines } from '../telemetry/timer-wheel.js'
import { addTrailers, cutAnswer, endWith, flushHead, isBodiless, UNTYPED_MS, writeHead, writeInterim } from './write-head.js'

/** Most that is sent without a turn of the event loop. */
const MAX_BURST_BYTES = 1024 * 1024

/** An answer in memory that is no larger is taken for sent when it is handed over. */
const SURE_BYTES = 16 * 1024

const OWNER = Symbol('sluice.answer-writer')
type OwnedResponse = ServerResponse & { [OWNER]?: AnswerWriter }

function onClose(this: OwnedResponse): void {
  this[OWNER]!.clientClosed()
}

function onDrain(this: OwnedResponse): void {
  this[OWNER]!.clientDrained()
}

function flushLater(exchange: AnswerWriter): void {
  exchange.flushUntyped()
}

function watchBody(exchange: AnswerWriter): void {
  exchange.watchBody()
}

/**
 * An exchange that sends its answer: head at once, body as it comes, back-pressure to its source. Its deadline keeps the time of the
 * request, and then of the body.
 */
export abstract class AnswerWriter extends Exchange implements ByteSink {
  protected readonly res: OwnedResponse
  /** What the body comes from while it is sent. */
  private flowing: ByteSource | undefined = undefined
  /** ms the body may stand still on either side; 0 = for ever. */
  private idleMs = 0
  private lastActivity = 0
  /** The request's time is kept no longer: what is still scheduled looks after the body. */
  private relaxed = false
  /** 0 = nothing is answered yet. */
  status = 0
  /** Body bytes sent. */
  bytesOut = 0
  /** Body bytes still to come; -1 = unknown. */
  private left = -1
  /** Bytes sent since the last drain. */
  private burst = 0
  private waitsForDrain = false
  /** The head of an answer that names no type: written with the first bytes, which tell it. */
  private untypedHead: RawFields | undefined = undefined
  /** The answer is over, whole or cut. */
  protected over = false
  /** The client's socket is one of the system: what has left it is nobody's any more. */
  private direct = false
  /** See {@link ByteSink.spent}. */
  spent = false

  constructor(res: ServerResponse, remoteAddress: string, clientAddress: string, host: string, rawHeaders: RawFields) {
    super(deadlines, remoteAddress, clientAddress, host, rawHeaders)
    this.res = res
    this.res[OWNER] = this
    res.on('close', onClose)
  }

  /** Called once when the answer is over; `error` says why it was not whole. Closes the scope, and with it the deadline. */
  protected abstract sent(error: GatewayError | undefined): void
  /** Called when the body failed before anything of the answer was sent: another answer takes its place. */
  protected abstract failedUnsent(error: GatewayError): void
  /** Called when the client's connection has closed, or the answer is out. */
  abstract clientClosed(): void

  /**
   * Sends head and body.
   *
   * @param idleMs the body may stand still this long on either side; 0 = for ever
   * @throws what node:http throws for fields that cannot be written; nothing was sent then
   */
  protected answer(response: GatewayResponse, idleMs: number): void {
    const { res } = this
    this.status = response.status
    this.idleMs = idleMs
    if (res.destroyed || res.writableEnded) {
      response.discard()
      return this.finish(gone())
    }
    const body = response.openedBody
    if (response.status === 206) checkPart(response)
    if (body?.busy) return this.streamLater(response, body)
    if (response.bodiless || res.req.method === 'HEAD' || isBodiless(res, response.status)) return this.headOnly(response)
    const content = body === undefined ? response.unopened : (body.bytesInMemory() ?? body.take())
    if (content === undefined) this.whole(response, EMPTY)
    else if (isSource(content)) this.stream(response, content)
    else this.whole(response, Buffer.isBuffer(content) ? content : content.bytes())
  }

  private streamLater(response: GatewayResponse, body: Body): void {
    body
      .takeWhenSettled()
      .then(source => {
        if (this.over) return source.destroy(gone())
        if (response.status === 206) checkPart(response)
        this.stream(response, source)
      })
      .catch(error => this.cut(error))
  }

  private headOnly(response: GatewayResponse): void {
    const { res } = this
    const { status } = response
    const describes = status === 304 || (res.req.method === 'HEAD' && !isBodiless(res, status))
    const raw = describes ? response.raw : without(response.raw, 'content-length')
    const { unopened } = response
    if (res.req.method === 'HEAD' && Buffer.isBuffer(unopened) && fieldOf(raw, 'content-length') === undefined) {
      raw.push('Content-Length', String(unopened.length))
    }
    writeHead(res, status, raw)
    response.discard()
    res.end()
    this.finish(undefined)
  }

  private whole(response: GatewayResponse, bytes: Buffer): void {
    const { res } = this
    const raw = response.raw
    if (bytes.length > 0 && isUntyped(raw)) raw.push('Content-Type', sniffType(bytes))
    declareLength(raw, bytes.length)
    writeHead(res, response.status, raw)
    this.bytesOut = bytes.length
    endWith(res, bytes)
    // over HTTP/2 a client takes a stream as slowly as it likes: how a large answer ends is known when the stream has closed
    if (bytes.length <= SURE_BYTES || res.req.httpVersionMajor === 1) this.finish(undefined)
    else this.unexpire()
  }

  private stream(response: GatewayResponse, source: ByteSource): void {
    const { res } = this
    const raw = response.raw
    // an upstream's own length stands among its fields unless somebody had to do with them
    const framed = (source as object) === response.call && response.untouched
    if (source.length !== undefined && !framed) declareLength(raw, source.length)
    this.left = source.length ?? -1
    this.direct = res.req.httpVersionMajor === 1 && res.socket instanceof Socket
    // not for a plugin's stream, whose head leaves at once
    if (response.call !== undefined && source.length !== 0 && isUntyped(raw)) this.untypedHead = raw
    else writeHead(res, response.status, raw)
    this.flowing = source
    if (this.idleMs !== 0) this.lastActivity = deadlines.now()
    source.flow(this)
    // mostly a small body is there by then, whole
    if (!this.over) process.nextTick(watchBody, this)
  }

  override inform(status: number, fields: RawFields): void {
    if (this.status === 0) writeInterim(this.res, status, fields)
  }

  /** Used by {@link watchBody}. */
  watchBody(): void {
    if (this.over) return
    if (this.untypedHead !== undefined) setTimeout(flushLater, UNTYPED_MS, this)
    // SSE and slow bodies: the head leaves even when no byte is there yet
    else if (this.bytesOut === 0) flushHead(this.res)
    if (this.idleMs !== 0 && !this.scheduled) deadlines.schedule(this, this.idleMs)
  }

  /** Used by {@link flushLater}: the first bytes do not come, so nothing tells the type. */
  flushUntyped(): void {
    if (this.over || this.untypedHead === undefined || !this.sendUntypedHead(undefined)) return
    flushHead(this.res)
  }

  /** Called by its response when the client has read on. */
  clientDrained(): void {
    if (this.over) return
    this.burst = 0
    this.lastActivity = deadlines.now()
    this.flowing!.resume()
  }

  /** As Go's server: an answer without a type gets the one that its first bytes tell. Returns false when the answer is over. */
  private sendUntypedHead(first: Uint8Array | undefined): boolean {
    const head = this.untypedHead!
    this.untypedHead = undefined
    if (first !== undefined) head.push('Content-Type', sniffType(first))
    try {
      writeHead(this.res, this.status, head)
    } catch (cause) {
      this.cut(cause)
    }
    return !this.over
  }

  write(chunk: Uint8Array): boolean {
    if (this.over) return false
    if (this.untypedHead !== undefined && !this.sendUntypedHead(chunk)) return false
    const { res } = this
    this.lastActivity = deadlines.now()
    this.bytesOut += chunk.length
    this.spent = false
    if (this.left >= 0) this.left -= chunk.length
    if (this.left === 0) {
      // the last bytes and the end in one write
      endWith(res, chunk)
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
      this.res.on('drain', onDrain)
    }
    return false
  }

  end(trailers: readonly string[]): void {
    if (this.over) return
    if (this.untypedHead !== undefined && !this.sendUntypedHead(undefined)) return
    const { res } = this
    if (trailers.length > 0 && !res.writableEnded) addTrailers(res, trailers)
    if (!res.writableEnded) res.end()
    this.finish(undefined)
  }

  fail(error: GatewayError): void {
    if (this.over) return
    if (this.untypedHead !== undefined) return this.answerInstead(error)
    this.finish(error)
    cutAnswer(this.res)
  }

  private answerInstead(error: GatewayError): void {
    this.untypedHead = undefined
    this.flowing = undefined
    this.failedUnsent(error)
  }

  /** The client went away; what a tunnel had is its own business. */
  protected abandon(reason: GatewayError): void {
    if (this.over || this.status < 200) return
    this.finish(reason)
    this.flowing?.destroy(reason)
  }

  /** The entry in the wheel keeps the time of the request first; see {@link unexpire}. */
  override expireIn(ms: number, limit: string): void {
    this.relaxed = false
    super.expireIn(ms, limit)
  }

  /** Takes the deadline away; the entry stays, as mostly a body follows that wants one (bench/chain, pass). */
  override unexpire(): void {
    this.relaxed = true
  }

  /** Ends what runs inside. A body of somebody else's that goes on is watched from now on. */
  override cancel(reason: GatewayError): void {
    super.cancel(reason)
    if (this.over || this.flowing === undefined || this.idleMs === 0) return
    this.relaxed = true
    deadlines.schedule(this, this.idleMs)
  }

  /** The request's time is over, or it is time to look whether the body still moves. */
  override fire(): void {
    if (!this.relaxed) return super.fire()
    if (this.over || this.flowing === undefined || this.idleMs === 0) return
    const idle = deadlines.now() - this.lastActivity
    if (idle < this.idleMs) {
      deadlines.schedule(this, this.idleMs - idle)
      return
    }
    const error = new GatewayError('SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE', {
      message: this.res.writableNeedDrain ? 'the client stopped reading' : 'the upstream stopped sending',
      limit: `idle=${this.idleMs}ms`
    })
    const { flowing } = this
    if (this.untypedHead !== undefined) this.answerInstead(error)
    else this.finish(error)
    flowing.destroy(error)
    if (!this.res.writableEnded) this.res.destroy()
  }

  private cut(cause: unknown): void {
    if (this.over) return
    this.finish(cause instanceof GatewayError ? cause : new GatewayError('SLUICE_ERR_UPSTREAM_PROTOCOL', { cause }))
    this.res.destroy()
  }

  /** The answer is over. */
  protected finish(error: GatewayError | undefined): void {
    if (this.over) return
    this.over = true
    this.sent(error)
  }
}

const EMPTY = Buffer.alloc(0)

function isSource(content: ByteSource | Buffer | ValueSource): content is ByteSource {
  return (content as Partial<ByteSource>).flow !== undefined
}

/** Names neither a type nor a coding, under which the first bytes tell nothing. */
function isUntyped(raw: RawFields): boolean {
  return fieldOf(raw, 'content-type') === undefined && (fieldOf(raw, 'content-encoding') ?? '') === ''
}

/**
 * Puts the length of a body among the fields.
 * @throws GatewayError where another length stands there: the client would read the next answer wrong
 */
function declareLength(raw: RawFields, bytes: number): void {
  const declared = fieldOf(raw, 'content-length')
  if (declared === undefined) raw.push('Content-Length', String(bytes))
  else if (Number(declared) !== bytes) {
    throw new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { message: `Content-Length ${declared} with ${bytes} bytes of body` })
  }
}

/** A part that a plugin changed or made is a part of nothing, unless the plugin says of what (RFC 9110 §15.3.7). */
function checkPart({ call, raw, openedBody }: GatewayResponse): void {
  if (fieldOf(raw, 'content-range') !== undefined || (call !== undefined && openedBody?.untouched !== false)) return
  // several parts, each with a Content-Range of its own
  if (call === undefined && /^multipart\/byteranges\b/i.test(fieldOf(raw, 'content-type') ?? '')) return
  throw new GatewayError('SLUICE_ERR_PLUGIN_FAILED', {
    message: 'a plugin changed the body of a part (206): delete Range from the request, or set Content-Range after the body'
  })
}

function gone(): GatewayError {
  return new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'context canceled' })
}

function without(raw: RawFields, lower: string): RawFields {
  const out: RawFields = []
  for (let i = 0; i < raw.length; i += 2) if (lowerName(raw[i]!) !== lower) out.push(raw[i]!, raw[i + 1]!)
  return out
}
