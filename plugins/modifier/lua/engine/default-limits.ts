/** What a run may use unless its host says otherwise; apart from the engine, which schemas of options need not load. */

import type { LuaLimits } from './program.js'

export const DEFAULT_LIMITS: LuaLimits = {
  cpuMs: 20,
  blockMs: 20,
  sliceMs: 5,
  fuel: 20_000_000,
  memoryBytes: 64 * 1024 * 1024,
  depth: 256
}
