/** How often a cache had the response. Requests that it does not serve (ranges, other methods) are not counted. */
export class CacheTally {
  /** From the store, without a call. */
  hits = 0
  /** From the store, after the upstream said that it still holds. */
  revalidated = 0
  /** From the store, because the upstream failed. */
  stale = 0
  misses = 0

  /** For the status page. */
  facts(): Readonly<Record<string, number | string>> {
    const { hits, revalidated, stale, misses } = this
    const all = hits + revalidated + stale + misses
    const rate = all === 0 ? '' : `${((100 * (all - misses)) / all).toFixed(1)} %`
    return { hit_rate: rate, hits, revalidated, stale, misses }
  }
}
