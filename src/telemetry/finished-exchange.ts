import type { GatewayError } from '../errors.js'

/** What is known of an exchange when it is over. */
export interface FinishedExchange {
  /** The client's request. */
  readonly req: { readonly method?: string | undefined; readonly url?: string | undefined }
  /** `performance.now()` when the head of the response was written; 0 = never. */
  readonly firstByteAt: number
  /** As sent; 0 = none. */
  readonly status: number
  /** Body bytes read from the client. */
  readonly bytesIn: number
  /** Body bytes handed to the client. */
  readonly bytesOut: number
  /** Why the exchange failed; undefined = it did not. */
  readonly error: GatewayError | undefined
  /** The response did not arrive as a whole: it broke off, or its client went away. {@link error} says why. */
  readonly cut: boolean
  /** The endpoint's path as configured, '' outside of endpoints. */
  readonly route: string
}
