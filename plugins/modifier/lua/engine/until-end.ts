/** What a run waits for, and what ends it meanwhile. */
import { LIMIT_TEXTS, type LuaLimit, limitError } from './errors.js'

/** The promise of a host function, or the end of the run before it. `deadline` is in the clock of `performance.now()`. */
export function untilEnd(promise: PromiseLike<unknown>, signal: AbortSignal | undefined, deadline: number): Promise<unknown> {
  if (signal === undefined && deadline === Number.POSITIVE_INFINITY) return Promise.resolve(promise)
  return new Promise((resolve, reject) => {
    const end = (limit: LuaLimit): void => finish(() => reject(limitError(limit, LIMIT_TEXTS[limit])))
    const abort = (): void => end('aborted')
    const timer =
      deadline === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => end('deadline'), Math.max(deadline - performance.now(), 0))
    const finish = (act: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      act()
    }
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted === true) abort()
    promise.then(
      value => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error))
    )
  })
}
