/** gRPC status codes as HTTP statuses and JSON bodies (the mapping of google/rpc/code.proto). */

import { GatewayResponse } from 'sluice/plugin'

/** Name and HTTP status, by code. */
const STATUSES: readonly (readonly [name: string, http: number])[] = [
  ['OK', 200],
  ['CANCELLED', 499],
  ['UNKNOWN', 500],
  ['INVALID_ARGUMENT', 400],
  ['DEADLINE_EXCEEDED', 504],
  ['NOT_FOUND', 404],
  ['ALREADY_EXISTS', 409],
  ['PERMISSION_DENIED', 403],
  ['RESOURCE_EXHAUSTED', 429],
  ['FAILED_PRECONDITION', 400],
  ['ABORTED', 409],
  ['OUT_OF_RANGE', 400],
  ['UNIMPLEMENTED', 501],
  ['INTERNAL', 500],
  ['UNAVAILABLE', 503],
  ['DATA_LOSS', 500],
  ['UNAUTHENTICATED', 401]
]

export const INVALID_ARGUMENT = 3
export const NOT_FOUND = 5
export const UNIMPLEMENTED = 12
export const INTERNAL = 13

/** Name and HTTP status of a code; unknown codes count as UNKNOWN. */
export function statusOf(code: number): readonly [name: string, http: number] {
  return STATUSES[code] ?? STATUSES[2]!
}

/**
 * The response for a call that failed: `{"code": 5, "status": "NOT_FOUND", "message": "…"}`.
 * @param exposed also tell the text of what is not the client's fault
 */
export function failureAnswer(code: number, message: string, exposed: boolean): GatewayResponse {
  const [status, http] = statusOf(code)
  return GatewayResponse.json(http < 500 || exposed ? { code, status, message } : { code, status }, http)
}
