/** What the helpers of one run work on. */

import type { GatewayRequest, GatewayResponse, LazyObject } from 'sluice/plugin'
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
  /** ms that a request of the script may take; undefined where the deadline of an endpoint ends it. */
  readonly callMs: number | undefined
}

export class ScriptState {
  readonly mount: Mount
  readonly request: GatewayRequest
  /** undefined = not read. */
  requestBody: Buffer | undefined = undefined
  response: GatewayResponse | undefined = undefined
  responseBody: Buffer | undefined = undefined
  /** The decoded value of the response, an object; undefined = not read. */
  data: LazyObject | undefined = undefined
  /** {@link data} stands in place of a value that is no object. */
  fresh = false
  /** The script changed {@link data}. */
  dirty = false
  /** What the script wrote into parts of the request that do not reach the call. */
  written: Map<string, string> | undefined = undefined
  private opened: (() => void)[] | undefined = undefined

  constructor(mount: Mount, request: GatewayRequest) {
    this.mount = mount
    this.request = request
  }

  /** Runs `end` when the script is over. */
  atEnd(end: () => void): void {
    this.opened ??= []
    this.opened.push(end)
  }

  /** Ends what the script has left open. */
  close(): void {
    const { opened } = this
    this.opened = undefined
    if (opened !== undefined) for (const end of opened) end()
  }
}

export const state = (): ScriptState => context<ScriptState>()

/** What a script reads without its text saying so was not read for it. */
export function unread(what: string): never {
  return raise(`the ${what} was not read: name ${what} where the script reads it`)
}
