/** Upper bounds of histograms. The first two are KrakenD's, so that its dashboards read on. */

/** s */
export const TIME_BOUNDS: readonly number[] = [
  0.01, 0.02, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.35, 0.5, 0.75, 1, 1.5, 2, 3.5, 5, 10
]

const KIB = 1024
const MIB = 1024 * KIB

/** bytes */
export const SIZE_BOUNDS: readonly number[] = [
  128,
  256,
  512,
  KIB,
  4 * KIB,
  8 * KIB,
  16 * KIB,
  32 * KIB,
  64 * KIB,
  256 * KIB,
  512 * KIB,
  MIB,
  4 * MIB,
  16 * MIB,
  64 * MIB
]

/** s, of stages, which mostly take microseconds */
export const STAGE_BOUNDS: readonly number[] = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5
]
