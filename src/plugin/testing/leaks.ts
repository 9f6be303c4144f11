/** What is left after an exchange, and how long the test kit waits for it to go. */

/** How long what is left behind has to go away, ms. */
export const SETTLE_MS = 1000
/** Longer than any deadline of an exchange: then it hangs, ms. */
export const HANG_MS = 3000
/** Wait before the next look, ms. */
const PAUSE_MS = 3
/** What one look and the wait before the next count for at most, ms: while the process stands still, nothing can happen. */
const LOOK_MS = 5
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

/** Time in which the process runs: it has had as many turns as on a calm machine. */
class RunningTime {
  passed = 0
  private lookedAt = performance.now()

  /** Ends a look and the wait before it. */
  look(): void {
    const now = performance.now()
    this.passed += Math.min(LOOK_MS, now - this.lookedAt)
    this.lookedAt = now
  }
}

/** Counts as no timer while it runs, and may be forgotten. */
export const quiet = (): Promise<void> => running(QUIET_MS).over

/** `over` resolves when the process has run for `ms`, unless `stop` was called. */
function running(ms: number): { readonly over: Promise<void>; stop(): void } {
  const time = new RunningTime()
  let timer!: NodeJS.Timeout
  const stop = (): void => clearInterval(timer)
  const over = new Promise<void>(resolve => {
    const look = (): void => {
      time.look()
      if (time.passed < ms) return
      stop()
      resolve()
    }
    timer = setInterval(look, PAUSE_MS).unref()
  })
  return { over, stop }
}

/** ms */
export const wait = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** False when it does not become true in time. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  await turns()
  const time = new RunningTime()
  while (!(await holds())) {
    if (time.passed > SETTLE_MS) return false
    await wait(PAUSE_MS)
    time.look()
  }
  return true
}

/** undefined = it hangs, also after the `timeoutMs` that may be its end. */
export async function limited<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const { over, stop } = running(timeoutMs + HANG_MS)
  try {
    return await Promise.race([promise, over.then(() => undefined)])
  } finally {
    stop()
  }
}
