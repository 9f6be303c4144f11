/** The script that runs, as libraries and hosts ask for it. */
import type { LuaFunction, LuaTable } from './values.js'
import { type Meter, vm } from './vm.js'

export interface RunningScript extends Meter {
  readonly context: unknown
  readonly globals: LuaTable
  /** Whether the script's text names what waits or yields, so that it may. */
  readonly mayWait: boolean
  /** Compiles a chunk that the script made; a text tells why it cannot be. */
  load(text: string, chunkName: string): LuaFunction | string
  /** The run's own copy of a shared table. */
  own(table: LuaTable): LuaTable
  print(text: string): void
}

export function runningScript(): RunningScript {
  if (vm.meter === undefined) throw new Error('no Lua script is running')
  return vm.meter as RunningScript
}

/** Inside a host function: what the host gave to `start`. */
export function context<T>(): T {
  return runningScript().context as T
}

export interface RunOptions {
  /** Ends the run when it is aborted. */
  readonly signal?: AbortSignal
  /** Ends the run at this time of `performance.now()`. */
  readonly deadline?: number
}
