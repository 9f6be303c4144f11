/** Scripts that compute long take turns: one slice of one script in each turn of the event loop, so that many of them hold up others no longer than one does. */

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
    queue.shift()?.()
    if (queue.length > 0) schedule()
  })
}
