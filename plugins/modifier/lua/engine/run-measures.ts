/** How often a run looks at the clock, and which of them are long. */

/** Steps between two looks at the clock of a script that should pause, where it cannot. */
export const QUANTUM_WHEN_TIRED = 64
/** Bytes that a run may ask for between two looks at the clock. Collecting garbage takes time that steps do not show. */
export const MEMORY_PORTION = 256 * 1024
/** Shorter computing is not counted for the turn. */
export const NOTED_MS = 0.5
/** A chunk whose last run computed longer waits for a turn of its own. */
export const LONG_MS = 5
/** A plain run that computes longer, and takes so many steps, makes its program pause from then on. */
export const SLOW_MS = 8
export const SLOW_STEPS = 4096
/** A slice of less steps and time is that of a short run: see `RunnableProgram.note`. */
export const SHORT_STEPS = 20_000
export const SHORT_MS = 2
/** After so much computing a run lets others go first that have not begun. */
export const SHARE_MS = 40
/** A run is ended after so many times its CPU time, however busy the machine is elsewhere. */
export const BUSY_PATIENCE = 25
