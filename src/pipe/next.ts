/** The two shapes that a stage has with promises; the public plugin interface exports both. */

import type { GatewayRequest } from '../message/request.js'
import type { GatewayResponse } from '../message/response.js'

/** The next handler further in: always returns a promise, never throws; rejects with a GatewayError when there is no response. */
export type Next = (request: GatewayRequest) => Promise<GatewayResponse>

/** Wraps a `next` by another one, at boot. What it returns never throws. */
export type Wrap = (next: Next) => Next
