/**
 * Scripts that compute long take turns: one slice of one script in each turn of the event loop, so that many of them hold up others no longer than one
 * does. Scripts that are about to begin come before those that go on, and I/O comes before both.
 */

/** Milliseconds that scripts have computed in this turn. */
let spent = 0
let counting = false

/** Notes what a script has computed, until the turn ends. */
export function spend(ms: number): void {
  spent += ms
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

/** Turns of the event loop between two slices of scripts that go on: what others wait for has arrived by then. */
const TURNS_BETWEEN = 4

/** Scripts that begin, and scripts that go on or are known to compute long. */
let beginning: (() => void)[] = []
const goingOn: (() => void)[] = []
let scheduled = false
let turns = 0

/**
 * Resolves in a later turn of the event loop. Where a script is going on no other continues in that turn; scripts that begin all wake, and look
 * whether the turn has room for them.
 */
export function nextTurn(begins = false): Promise<void> {
  return new Promise(resolve => {
    if (begins) beginning.push(resolve)
    else goingOn.push(resolve)
    if (!scheduled) schedule()
  })
}

function schedule(): void {
  scheduled = true
  setImmediate(() => {
    scheduled = false
    spent = 0
    const woken = beginning
    beginning = []
    for (const wake of woken) wake()
    turns = (turns + 1) % TURNS_BETWEEN
    if (turns === 0) goingOn.shift()?.()
    if (beginning.length > 0 || goingOn.length > 0) schedule()
  })
}
