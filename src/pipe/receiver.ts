import type { ResponseMessage } from '../message/response.js'

/** Takes what becomes of one request: exactly one call of the two. Neither throws. */
export interface ResponseReceiver {
  receive(response: ResponseMessage): void
  /** There is no response. */
  reject(error: unknown): void
}
