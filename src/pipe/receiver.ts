import type { ResponseMessage } from '../message/response.js'

/** Takes the outcome of one request: exactly one of the two is called, once. Neither throws. */
export interface ResponseReceiver {
  receive(response: ResponseMessage): void
  /** There is no response. */
  reject(error: unknown): void
}
