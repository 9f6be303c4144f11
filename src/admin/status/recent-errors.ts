/** The last errors, one entry for each code at each endpoint: the newest first, the oldest forgotten. */

import type { GatewayError } from '../../errors.js'
import { mask } from './mask.js'

const MOST = 50
const LONGEST_MESSAGE = 500

interface Entry {
  readonly code: string
  readonly method: string
  readonly route: string
  count: number
  at: number
  status: number
  message: string
}

/** One kind of error, as the status page shows it. */
export interface RecentError {
  readonly code: string
  /** The endpoint; '' outside of endpoints. */
  readonly endpoint: string
  readonly count: number
  /** Of the last one. */
  readonly at: string
  readonly status: number
  readonly message: string
}

export class RecentErrors {
  private readonly entries = new Map<string, Entry>()

  /** @param method '' outside of endpoints: a client may send any */
  add(error: GatewayError, method: string, route: string, status: number): void {
    const key = `${error.code} ${method} ${route}`
    const entry = this.entries.get(key) ?? { code: error.code, method, route, count: 0, at: 0, status: 0, message: '' }
    entry.count++
    entry.at = Date.now()
    entry.status = status
    entry.message = error.message
    // the newest stands last
    this.entries.delete(key)
    this.entries.set(key, entry)
    if (this.entries.size > MOST) this.entries.delete(this.entries.keys().next().value!)
  }

  list(): RecentError[] {
    return [...this.entries.values()].reverse().map(({ code, method, route, count, at, status, message }) => ({
      code,
      endpoint: route === '' ? '' : `${method} ${route}`,
      count,
      at: new Date(at).toISOString(),
      status,
      message: mask(message).slice(0, LONGEST_MESSAGE)
    }))
  }
}
