/** What the helpers of one run work on. */

import type { GatewayRequest, GatewayResponse } from 'sluice/plugin'
import { context, raise } from './engine/index.js'
import type { HttpCalls } from './http-calls.js'

/** Where a script stands. */
export interface Mount {
  readonly scope: 'service' | 'endpoint' | 'proxy' | 'backend'
  /** Responses are the upstream's bytes. */
  readonly noOp: boolean
  /** Pairs in the query of the backend's own `url_pattern`. */
  readonly patternPairs: number
  readonly calls: HttpCalls
}

export class ScriptState {
  readonly mount: Mount
  readonly request: GatewayRequest
  /** undefined = not read. */
  requestBody: Buffer | undefined = undefined
  response: GatewayResponse | undefined = undefined
  responseBody: Buffer | undefined = undefined
  /** The decoded value of the response, an object; undefined = not read. */
  data: object | undefined = undefined
  /** {@link data} stands in place of a value that is no object. */
  fresh = false
  /** The script changed {@link data}. */
  dirty = false
  /** What the script wrote into parts of the request that do not reach the call. */
  readonly written: Map<string, string> = new Map()
  /** What the script wrote as the status of a decoded response, which has none. */
  statusCode = 0
  /** Ends what `http_response` has opened. */
  readonly opened: Set<() => void> = new Set()

  constructor(mount: Mount, request: GatewayRequest) {
    this.mount = mount
    this.request = request
  }

  close(): void {
    for (const end of this.opened) end()
    this.opened.clear()
  }
}

export const state = (): ScriptState => context<ScriptState>()

/** What a script reads without its text saying so was not read for it. */
export function unread(what: string): never {
  return raise(`the ${what} was not read: name ${what} where the script reads it`)
}
