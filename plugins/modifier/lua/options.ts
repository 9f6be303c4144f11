/** Reads the options of a mount of scripts. */

import type { OptionReader } from 'sluice/plugin'
import { DEFAULT_LIMITS, type LuaLimits } from './engine/index.js'

export interface ScriptOptions {
  readonly sources: readonly string[]
  /** Sum by path. */
  readonly md5: ReadonlyMap<string, string>
  readonly pre: string
  readonly post: string
  readonly live: boolean
  readonly openLibraries: boolean
  readonly skipNext: boolean
  readonly limits: LuaLimits
}

/** A key of another type is a fault. In tolerant mode a script that cannot be read fails its requests; other keys count as absent, as in KrakenD. */
export function readScriptOptions(options: OptionReader): ScriptOptions {
  return {
    sources: options.texts('sources'),
    md5: options.textMap('md5'),
    pre: options.text('pre'),
    post: options.text('post'),
    live: options.flag('live', false, false),
    openLibraries: options.flag('allow_open_libs', false, false),
    skipNext: options.flag('skip_next', false, false),
    limits: readLimits(options.object('limits'))
  }
}

function readLimits(limits: OptionReader | undefined): LuaLimits {
  if (limits === undefined) return DEFAULT_LIMITS
  const positive = (key: string, value: number, absent: number): number => {
    if (value > 0) return value
    limits.report(`/${key}`, 'must be more than 0')
    return absent
  }
  const { cpuMs, depth, fuel, memoryBytes } = DEFAULT_LIMITS
  return {
    ...DEFAULT_LIMITS,
    cpuMs: positive('time', limits.durationMs('time', cpuMs, cpuMs), cpuMs),
    depth: positive('depth', limits.count('depth', depth, depth), depth),
    fuel: positive('steps', limits.count('steps', fuel, fuel), fuel),
    memoryBytes: positive('memory_bytes', limits.count('memory_bytes', memoryBytes, memoryBytes), memoryBytes)
  }
}
