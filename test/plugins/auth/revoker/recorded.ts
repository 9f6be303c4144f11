/** What `go/record` recorded of KrakenD's library: its RPC, sizes and hashes. */

import { readFileSync } from 'node:fs'
import type { FilterForm } from '../../../../plugins/auth/revoker/sliding-filter.js'

export interface RecordedCall {
  readonly name: string
  /** Base64 of what the client sent and received. */
  readonly sent: string
  readonly received: string
  readonly result?: { readonly Count?: number; readonly Checks?: readonly boolean[] | null; readonly Capacity?: number }
  readonly error?: string
}

export interface RecordedSession extends FilterForm {
  readonly m: number
  readonly k: number
  readonly steps: readonly RecordedCall[]
  /** Base64 of the server's filter after all calls. */
  readonly filter: string
}

interface Recorded {
  readonly sessions: readonly RecordedSession[]
  readonly sizes: readonly { readonly n: number; readonly p: number; readonly m: number; readonly k: number }[]
  readonly hashes: readonly {
    readonly element: string
    readonly default: readonly string[]
    readonly optimal: readonly string[]
  }[]
}

export const recorded = JSON.parse(readFileSync(new URL('recorded-go.json', import.meta.url), 'utf8')) as Recorded

export const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64')
