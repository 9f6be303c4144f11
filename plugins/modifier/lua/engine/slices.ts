/** Scripts that compute long take turns: one slice of one script in each turn of the event loop, so that many of them hold up others no longer than one does. */

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

const queue: (() => void)[] = []
let scheduled = false

/** Resolves in a later turn of the event loop, in which no other script continues. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    queue.push(resolve)
    if (!scheduled) schedule()
  })
}

function schedule(): void {
  scheduled = true
  setImmediate(() => {
    scheduled = false
    spent = 0
    queue.shift()?.()
    if (queue.length > 0) schedule()
  })
}
