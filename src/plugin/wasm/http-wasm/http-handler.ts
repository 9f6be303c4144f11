import { GatewayError } from '../../../errors.js'
import { internals } from '../../../message/internals.js'
import type { RequestMessage } from '../../../message/request.js'
import type { ResponseMessage } from '../../../message/response.js'
import type { Next } from '../../../pipe/next.js'
import type { Handler } from '../../types.js'
import type { GuestCounts } from './guest-counts.js'
import type { GuestPool } from './guest-pool.js'
import { BUFFER_RESPONSE, HttpCall } from './http-call.js'
import type { HttpGuest } from './http-guest.js'

/** What boot knows of a guest in its place. */
export interface HttpPlace {
  readonly pool: GuestPool<HttpGuest>
  readonly counts: GuestCounts
  readonly next: Next
  readonly isBackend: boolean
  /** The module imports `read_body`: bodies that it may read are held. */
  readonly reads: boolean
  /** `handle_response` does something. */
  readonly handlesResponses: boolean
}

/** Runs requests through the guest of a place: `handle_request`, `next`, `handle_response`. */
export class HttpHandler {
  readonly handle: Handler = request => this.begin(internals(request))
  private readonly place: HttpPlace

  constructor(place: HttpPlace) {
    this.place = place
  }

  private begin(request: RequestMessage): ResponseMessage | Promise<ResponseMessage> {
    const holds = this.place.reads && request.hasBody && !request.upgrading
    const guest = holds ? undefined : this.place.pool.take()
    if (guest !== undefined) return this.run(guest, request, undefined)
    return this.beginLater(request, holds)
  }

  /** Once the body is in memory, and an instance is free. */
  private async beginLater(request: RequestMessage, holds: boolean): Promise<ResponseMessage> {
    const bytes = holds ? await request.body.buffer() : undefined
    const { pool } = this.place
    return this.run(pool.take() ?? (await pool.wait(request)), request, bytes)
  }

  private run(guest: HttpGuest, request: RequestMessage, bytes: Buffer | undefined): ResponseMessage | Promise<ResponseMessage> {
    const { pool, next, isBackend, handlesResponses, counts } = this.place
    const call = new HttpCall(request, isBackend, guest.features)
    if (bytes !== undefined) call.requestBody = { bytes, read: 0 }
    let context: number | undefined
    try {
      context = guest.handleRequest(call)
      call.finishRequest()
      if (context === undefined) {
        const response = call.ownResponse()
        release(pool, guest)
        return response
      }
    } catch (error) {
      counts.errors++
      pool.drop(guest)
      throw error
    }
    if (!handlesResponses) {
      release(pool, guest)
      if (!call.hasOwnResponse) return internals(next(request))
      return internals(next(request)).then(response => call.answered(response))
    }
    const correlation = context
    call.holdsInstance = true
    // what stands further in may never answer: the instance does not wait longer than the exchange
    request.exchange.atEnd(() => {
      // the turn in which a call was cancelled is over then, and the guest has heard of it
      if (call.holdsInstance) setImmediate(() => this.giveUp(guest, call))
    })
    return internals(next(request)).then(
      response => this.answered(guest, call, correlation, response),
      error => this.failed(guest, call, correlation, error)
    )
  }

  private answered(
    guest: HttpGuest,
    call: HttpCall,
    context: number,
    response: ResponseMessage
  ): ResponseMessage | Promise<ResponseMessage> {
    if (!call.holdsInstance) return tooLate(response)
    try {
      call.answered(response)
    } catch (error) {
      this.drop(guest, call)
      response.discard()
      throw error
    }
    const holds = this.place.reads && (call.features & BUFFER_RESPONSE) !== 0 && !response.upgraded
    return holds && !response.bodiless
      ? this.readFirst(guest, call, context, response)
      : this.finish(guest, call, context, response)
  }

  private async readFirst(
    guest: HttpGuest,
    call: HttpCall,
    context: number,
    response: ResponseMessage
  ): Promise<ResponseMessage> {
    let bytes: Buffer
    try {
      bytes = await response.body.buffer()
    } catch (error) {
      return this.failed(guest, call, context, error)
    }
    if (!call.holdsInstance) return tooLate(response)
    call.responseBody = { bytes, read: 0 }
    return this.finish(guest, call, context, response)
  }

  private finish(guest: HttpGuest, call: HttpCall, context: number, response: ResponseMessage): ResponseMessage {
    try {
      guest.handleResponse(context, false)
      call.finishResponse()
    } catch (error) {
      this.drop(guest, call)
      response.discard()
      throw error
    }
    call.holdsInstance = false
    release(this.place.pool, guest)
    return response
  }

  /** There is no response: the guest may clean up, and the failure goes on. */
  private failed(guest: HttpGuest, call: HttpCall, context: number, error: unknown): never {
    if (!call.holdsInstance) throw error
    try {
      guest.handleResponse(context, true)
    } catch (cause) {
      this.drop(guest, call)
      throw error instanceof GatewayError ? error : cause
    }
    call.holdsInstance = false
    release(this.place.pool, guest)
    throw error
  }

  private giveUp(guest: HttpGuest, call: HttpCall): void {
    if (!call.holdsInstance) return
    call.holdsInstance = false
    this.place.pool.drop(guest)
  }

  /** The guest failed. */
  private drop(guest: HttpGuest, call: HttpCall): void {
    call.holdsInstance = false
    this.place.counts.errors++
    this.place.pool.drop(guest)
  }
}

/** The exchange is over, and the instance is gone. */
function tooLate(response: ResponseMessage): never {
  response.discard()
  throw new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'the exchange is over' })
}

/** The instance holds nothing of the request any more. */
function release(pool: GuestPool<HttpGuest>, guest: HttpGuest): void {
  guest.rest()
  pool.giveBack(guest)
}
