/** The arithmetic of rounds: what resists a noisy machine. No input, no output. */

/** @param {number[]} values at least one
 *  @param {number} part 0–1; between two values it interpolates */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const low = Math.floor(at)
  const above = sorted[Math.min(low + 1, sorted.length - 1)]
  return sorted[low] + (above - sorted[low]) * (at - low)
}

export const median = values => quantile(values, 0.5)

/**
 * @typedef {object} Ratio
 * @property {number} median of the rounds' ratios: what both suffered in a round cancels out
 * @property {number} low the least of them
 * @property {number} high the greatest
 * @property {number} q1 a quarter of them are below
 * @property {number} q3 a quarter of them are above
 * @property {number} minima the least cost of one over the least of the other: what is left when no other process disturbs
 */

/**
 * The CPU of one against that of another, round by round.
 * @param {{ rounds: { cpu: number }[] }} measured
 * @param {{ rounds: { cpu: number }[] }} base as many rounds
 * @returns {Ratio}
 */
export function ratio(measured, base) {
  const ratios = measured.rounds.map((round, i) => round.cpu / base.rounds[i].cpu)
  const least = each => Math.min(...each.rounds.map(round => round.cpu))
  return {
    median: median(ratios),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
    q1: quantile(ratios, 0.25),
    q3: quantile(ratios, 0.75),
    minima: least(measured) / least(base)
  }
}

/**
 * What each of two equal programs is compared with: the mean of both, round by round.
 * @param {{ rounds: { cpu: number }[] }} one
 * @param {{ rounds: { cpu: number }[] }} other as many rounds
 */
export function meanOf(one, other) {
  return { rounds: one.rounds.map(({ cpu }, i) => ({ cpu: (cpu + other.rounds[i].cpu) / 2 })) }
}

/**
 * The rounds that count: the calmest ones, in the order in which they were measured.
 * @template {{ others: number }} R
 * @param {R[]} rounds `others`: share of the machine that other processes took, 0–1
 * @param {number} wanted how many to keep
 * @param {number} limit share above which a round is disturbed
 * @returns {{ kept: R[], discarded: number, disturbed: number }} `disturbed`: how many of those kept are above the limit
 */
export function calmest(rounds, wanted, limit) {
  const chosen = new Set([...rounds].sort((a, b) => a.others - b.others).slice(0, wanted))
  const kept = rounds.filter(round => chosen.has(round))
  return { kept, discarded: rounds.length - kept.length, disturbed: kept.filter(round => round.others > limit).length }
}
