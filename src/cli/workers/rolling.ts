/**
 * How the primary of a cluster reloads: each worker takes the configuration over in turn and keeps its state. Where that is not enough, as
 * code has changed, new workers take the place of the old ones, each ready before the next stops.
 */

import type { ReloadOutcome, ReloadRequest } from '../control/reload-requests.js'

/** What is done with single workers. */
export interface WorkerHands {
  /** Numbers of the workers that serve. */
  serving(): readonly number[]
  /** Tells a worker to reload. Resolves with what came of it; undefined = the worker has ended. */
  reload(worker: number, cause: ReloadRequest['cause']): Promise<ReloadOutcome | undefined>
  /** Starts a worker in the place of another one. Resolves when it serves; false = it ended before. */
  replace(worker: number): Promise<boolean>
  /** Lets a worker that was replaced finish what it has begun, and end. */
  retire(worker: number): void
}

const FAILED_START = 'a new worker could not start: the log says why; the workers before it serve on'

/** Reloads all workers; the first one shows whether the configuration can be used. */
export async function reloadWorkers(hands: WorkerHands, { cause, roll }: ReloadRequest): Promise<ReloadOutcome> {
  if (roll) return rollWorkers(hands)
  const [first, ...others] = hands.serving()
  const outcome = first === undefined ? undefined : await hands.reload(first, cause)
  if (outcome === undefined) return rollWorkers(hands)
  if (outcome.staleCode.length > 0) {
    const rolled = await rollWorkers(hands)
    return rolled.ok ? { ...rolled, files: outcome.files } : { ...rolled, lines: [...outcome.lines, ...rolled.lines] }
  }
  if (!outcome.ok) return outcome
  const replaced: number[] = []
  for (const worker of others) {
    const next = await hands.reload(worker, cause)
    if (next?.ok === true || !hands.serving().includes(worker)) continue
    // a worker that cannot do what the first one could is not like the others
    if (!(await hands.replace(worker))) return { ...outcome, ok: false, lines: [...(next?.lines ?? []), FAILED_START] }
    hands.retire(worker)
    replaced.push(worker)
  }
  return replaced.length === 0
    ? outcome
    : { ...outcome, lines: [...outcome.lines, `${replaced.length} workers were replaced by new ones`] }
}

/** Replaces all workers, one by one. */
async function rollWorkers(hands: WorkerHands): Promise<ReloadOutcome> {
  let count = 0
  for (const worker of hands.serving()) {
    if (!(await hands.replace(worker))) return { ok: false, lines: [FAILED_START], staleCode: [], files: [] }
    hands.retire(worker)
    count++
  }
  return { ok: true, lines: [`${count} workers were replaced by new ones`], staleCode: [], files: [] }
}
