import { GatewayError } from '../errors.js'
import { BODY_WINDOW_MS, MIN_BODY_BYTES } from './connection.js'
import type { Http2Request, Http2Response } from './http2-messages.js'

/** Times of one request, ms; 0 = no limit. */
export interface ExchangeTimes {
  /** For the whole request with its body. */
  readonly readMs: number
  /** For the whole exchange. */
  readonly writeMs: number
  /** How long a client may take nothing of a response that is complete. */
  readonly unreadMs: number
}

/** One request and its response on a stream, with the rules of time that a coarse sweep keeps on them. */
export class Http2Exchange {
  readonly request: Http2Request
  readonly response: Http2Response
  private readonly startedAt: number
  /** Body bytes of the request when its window began; see {@link crawls}. */
  private windowSince = 0
  private windowBytes = 0
  /** Bytes of a complete response that were unsent when that number changed last. */
  private unsent = -1
  private movedAt = 0
  private uploadFailed = false

  constructor(request: Http2Request, response: Http2Response, now: number) {
    this.request = request
    this.response = response
    this.startedAt = now
  }

  /**
   * Ends what is over a limit. Returns `cut` when that was a response. Returns `late` when a request did not come in time and its
   * handler has sent no response: then the listener has to.
   * @param clientTime that of sweeper.ts, for what the client has to do
   */
  check(times: ExchangeTimes, now: number, clientTime: number): 'cut' | 'late' | undefined {
    const { request, response } = this
    const { readMs, writeMs } = times
    if (response.destroyed) return undefined
    if (writeMs > 0 && now - this.startedAt >= writeMs && !response.writableFinished) {
      response.destroy(slow('the answer took too long', `write_timeout=${writeMs}ms`))
      return 'cut'
    }
    if (response.writableEnded && this.isUnread(times.unreadMs, clientTime)) {
      response.destroy(slow('the client does not read the answer', `unread_answer_timeout=${times.unreadMs}ms`))
      return 'cut'
    }
    if (request.complete) return undefined
    if (response.writableFinished) request.dropRest()
    if (response.headersSent) return undefined
    if (this.uploadFailed) return 'late'
    if (readMs > 0 && now - this.startedAt >= readMs) return this.failUpload(`read_timeout=${readMs}ms`)
    return this.crawls(clientTime) ? this.failUpload('minimum body rate') : undefined
  }

  private isUnread(unreadMs: number, now: number): boolean {
    const unsent = this.response.writableFinished ? 0 : this.response.unsentBytes
    if (unsent === 0 || unsent !== this.unsent) {
      this.unsent = unsent
      this.movedAt = now
      return false
    }
    return now - this.movedAt >= unreadMs
  }

  /** As {@link Connection.crawls}: a body that the gateway waits for comes slower than the minimum rate. */
  private crawls(now: number): boolean {
    const { request } = this
    const waits = request.readableFlowing === true && request.readableLength === 0
    if (this.windowSince === 0 || !waits || now - this.windowSince >= BODY_WINDOW_MS) {
      const slow = waits && this.windowSince !== 0 && request.bodyBytes - this.windowBytes < MIN_BODY_BYTES
      this.windowSince = now
      this.windowBytes = request.bodyBytes
      return slow
    }
    return false
  }

  /** Tells the reader of the body why no more of it comes; it has until the next sweep to send a response. */
  private failUpload(limit: string): 'late' | undefined {
    this.uploadFailed = true
    const { request } = this
    if (request.listenerCount('error') === 0) return 'late'
    request.emit('error', slow('the request did not arrive in time', limit))
    return undefined
  }
}

function slow(message: string, limit: string): GatewayError {
  return new GatewayError('SLUICE_ERR_CLIENT_TIMEOUT', { message, limit })
}
