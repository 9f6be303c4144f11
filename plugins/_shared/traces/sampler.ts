/**
 * Returns whether an exchange is recorded.
 * @param sampled what the client decided; undefined = nothing
 * @param high third quarter of the trace's id, a signed integer
 * @param low fourth quarter
 */
export type Sampler = (sampled: boolean | undefined, high: number, low: number) => boolean

/** A rate at which nothing is recorded, whatever clients have decided. */
export const NEVER = -1

const TWO_32 = 2 ** 32

/**
 * Compiles `trace_sample_rate`. From 1 on every exchange is recorded, as in KrakenD. Below, the client's decision counts; without one,
 * the id of the trace decides, so that all that use the same rate decide alike.
 */
export function compileSampler(rate: number): Sampler {
  if (rate >= 1) return () => true
  if (rate === NEVER) return () => false
  return (sampled, high, low) => sampled ?? (high >>> 0) / TWO_32 + (low >>> 0) / TWO_32 / TWO_32 < rate
}
