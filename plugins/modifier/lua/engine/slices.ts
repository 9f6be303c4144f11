/**
 * When scripts may compute, so that many of them hold up others no longer than one does.
 *
 * In: what slices have taken, and scripts that want to begin or go on. Out: promises of their turns. Scripts that compute long come one at a
 * time. After a slice the event loop is left to others for as long as the slice took: what they wait for arrives and is done meanwhile.
 */

/** ms; scripts that take less in a turn of the event loop leave enough of it to others. */
const SHORT_MS = 5
/** ms; longest time that is left to others after a slice. */
const MOST_REST_MS = 20

/** Milliseconds that scripts have computed in this turn. */
let spent = 0
let counting = false
/** In the clock of `performance.now()`. */
let restsUntil = 0

/** Notes what a script has computed, until the turn ends. */
export function spend(ms: number): void {
  spent += ms
  if (spent >= SHORT_MS) restsUntil = performance.now() + Math.min(spent, MOST_REST_MS)
  if (counting) return
  counting = true
  setImmediate(() => {
    counting = false
    spent = 0
  })
}

/** What scripts have computed in this turn: those that begin now get the rest of the slice. */
export function spentThisTurn(): number {
  return spent
}

/** CPU time of the process since `before`, ms: what a busy machine adds to a clock is not in it. */
export function cpuMsSince(before: NodeJS.CpuUsage | undefined): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}

/** Scripts that go on, that are known to compute long, or that have not run yet. */
const waiting: (() => void)[] = []
let scheduled = false

/** Resolves in a turn in which no other script that computes long begins or goes on. */
export function ownTurn(): Promise<void> {
  return new Promise(resolve => {
    waiting.push(resolve)
    if (!scheduled) schedule()
  })
}

function schedule(): void {
  scheduled = true
  const rest = restsUntil - performance.now()
  if (rest > 0) setTimeout(wake, Math.ceil(rest))
  else setImmediate(wake)
}

function wake(): void {
  scheduled = false
  // a slice of this turn has come in between
  if (performance.now() >= restsUntil) waiting.shift()?.()
  if (waiting.length > 0) schedule()
}
