/** What the primary does about a worker that has died. */

/** Pause before a dead worker is started again: doubles with each death in a row, ms. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** A worker that lived this long has started well; its next death begins with the first pause again. */
const STEADY_MS = 60_000
/** Deaths of one place in a row after which the primary gives up, unless another worker lives long. */
const HOPELESS_DEATHS = 6

/**
 * @param before deaths of this place in a row before this one
 * @param livedMs how long the worker has lived
 * @param othersMs how long each of the other workers serves
 * @returns deaths in a row with this one, and ms until another worker is started; without `pause` the primary gives up
 */
export function afterDeath(
  before: number,
  livedMs: number,
  othersMs: readonly number[]
): { readonly deaths: number; readonly pause?: number } {
  const deaths = livedMs > STEADY_MS ? 1 : before + 1
  if (deaths >= HOPELESS_DEATHS && !othersMs.some(ms => ms > STEADY_MS)) return { deaths }
  return { deaths, pause: Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (deaths - 1)) }
}
