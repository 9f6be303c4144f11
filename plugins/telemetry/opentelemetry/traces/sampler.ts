import type { Incoming } from './propagation.js'

/**
 * Returns whether an exchange is recorded.
 * @param trace the four quarters of the trace's id
 */
export type Sampler = (incoming: Incoming, trace: readonly [number, number, number, number]) => boolean

const TWO_32 = 2 ** 32

/**
 * Compiles `trace_sample_rate`. From 1 on every exchange is recorded, as in KrakenD. Below, the client's decision counts; without one,
 * the id of the trace decides, so that all that use the same rate decide alike.
 */
export function compileSampler(rate: number): Sampler {
  if (rate >= 1) return () => true
  return ({ parent }, [, , c, d]) => {
    if (parent?.sampled !== undefined) return parent.sampled
    return c / TWO_32 + d / TWO_32 / TWO_32 < rate
  }
}
