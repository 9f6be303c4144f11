/** What is left after an exchange, and how long the test kit waits for it to go. */

/** How long what is left behind has to go away, ms. */
export const SETTLE_MS = 1000
/** Longer than any deadline of an exchange: then it hangs, ms. */
export const HANG_MS = 3000
/** What one look and the wait before the next count for at most, ms: while the process stands still, nothing can go away. */
const LOOK_MS = 20
/** A quiet moment: what was to happen has happened, or never does, ms. */
const QUIET_MS = 40

/** What keeps the process alive, counted by kind. */
export function resources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== 'Immediate' && !kind.endsWith('Req') && !kind.endsWith('ReqWrap')) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}

/** What there is more of now, in words. */
export function more(now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): string[] {
  const found: string[] = []
  for (const [kind, count] of now) {
    const extra = count - (before.get(kind) ?? 0)
    if (extra > 0) found.push(`${extra} × ${kind}`)
  }
  return found
}

/** Lets the event loop come round: what is ready has happened. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** Counts as no timer while it runs, and may be forgotten. */
export const quiet = (ms = QUIET_MS): Promise<void> => new Promise(resolve => setTimeout(resolve, ms).unref())

/** ms */
export const wait = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** False when it does not become true in time. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  await turns()
  let passed = 0
  let lookedAt = performance.now()
  while (!(await holds())) {
    if (passed > SETTLE_MS) return false
    await wait(3)
    const now = performance.now()
    passed += Math.min(LOOK_MS, now - lookedAt)
    lookedAt = now
  }
  return true
}

/** undefined = it hangs, also after the `timeoutMs` that may be its end. */
export async function limited<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  return Promise.race([promise, quiet(timeoutMs + HANG_MS).then(() => undefined)])
}
