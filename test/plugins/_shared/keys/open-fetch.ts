import { SmallFetch, type SmallFetchOptions } from '../../../../plugins/_shared/keys/small-fetch.js'
import { LIMIT_MS } from '../../../support/waiting.js'

const BASE: SmallFetchOptions = { timeoutMs: LIMIT_MS, maxBytes: 20_000, redirects: 3, insecure: true, pins: new Set(), env: {} }

/** A small fetch that is closed with its test. */
export function openFetch(owner: { after(work: () => unknown): void }, options: Partial<SmallFetchOptions> = {}): SmallFetch {
  const fetch = new SmallFetch({ ...BASE, ...options })
  owner.after(() => fetch.close())
  return fetch
}
