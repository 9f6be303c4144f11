/**
 * Collects the young generation of V8's heap between slices of scripts that make much.
 *
 * V8 collects it where 16 MiB are full. Where a script holds all of that, it copies all of that in one pause, 20 ms or more. In: what
 * slices have asked for. Out: collections after a MiB or two, which copy no more than that, and next to nothing where little is held.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Slices } from './slices.js'

type Collect = (options: { readonly type: 'minor' }) => void

/** A run that has paused pauses again when a slice has asked for so many bytes: collecting them takes a slice. */
export const SLICE_BYTES = 2 * 1024 * 1024
/** The same for a run that has not paused yet. */
export const FIRST_SLICE_BYTES = 4 * 1024 * 1024
/** Less is left to V8. */
const COLLECTED_BYTES = 1024 * 1024
/** ms; after a shorter collection the run goes on at once. */
const SHORT_MS = 0.5

/** V8's function; undefined where this process has none: then V8 alone decides. */
let collect: Collect | undefined
let looked = false
/** Bytes that slices have asked for since the last collection here. */
let made = 0

/** Notes what a slice has asked for. */
export function noteMade(bytes: number): void {
  made += bytes
}

/** A run that goes on after a pause. */
interface PausedRun {
  /** Whether it goes on before those that have not begun. */
  readonly hasShare: boolean
  /** Counts ms that were computed for it. */
  spend(ms: number): void
}

/** The turn in which a run goes on. Where slices have made much, a turn before is for collecting it. */
export function turnAfterCollection(slices: Slices, run: PausedRun): Promise<void> {
  const turn = slices.ownTurn(run.hasShare)
  if (made < COLLECTED_BYTES) return turn
  return turn.then(() => {
    const began = slices.loop.now()
    collectYoung()
    const took = slices.loop.now() - began
    run.spend(took)
    return took > SHORT_MS ? slices.ownTurn(run.hasShare) : undefined
  })
}

/** Takes some 2 ms for each MiB that is held. */
function collectYoung(): void {
  made = 0
  if (!looked) collect = collector()
  collect?.({ type: 'minor' })
}

function collector(): Collect | undefined {
  looked = true
  try {
    // only a realm that is made under this flag has the function
    setFlagsFromString('--expose-gc')
    const found: unknown = runInNewContext('gc')
    return typeof found === 'function' ? (found as Collect) : undefined
  } catch {
    return undefined
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
