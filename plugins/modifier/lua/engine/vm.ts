/**
 * What the running script has left: read and written by generated code and by every library function. There is one, since JavaScript has one
 * thread; `run.ts` fills it when a run begins to compute and saves it when the run stops or waits.
 */
export interface Meter {
  /** Checks the clock, the signal and the fuel; returns how many steps may pass until the next check. */
  refuel(): number
  /** True when a program that can pause has used its slice. */
  readonly tired: boolean
  /** Gives the next portion of memory, or throws the error for it. */
  moreMemory(): void
  /** Throws the error for memory. */
  outOfMemory(): never
}

/** More than any script may have: what the engine runs with outside of a run, when a host builds tables at boot. */
const PLENTY = 0x7fffffff

/** Bytes of the longest text that a run may make, with the memory that runs have by default: single operations on it take some 20 ms. */
export const LONGEST_TEXT = 16 * 1024 * 1024

export interface VirtualMachine {
  /** Steps until the next look at the clock. */
  fuel: number
  /** Bytes of the longest text that may be made. */
  longest: number
  /** Bytes that may be asked for before the meter is. */
  memory: number
  /** Lua functions on the stack. */
  depth: number
  maxDepth: number
  /** Tail calls that stand on the JavaScript stack. */
  tails: number
  /** `pcall`s on the stack: without one, an error keeps its traceback. */
  guards: number
  /** The handler of the innermost guard, when that is an `xpcall`: called where an error is made, so that it sees the stack. */
  handler: ((error: HandledError) => void) | undefined
  /** Calls from library functions into Lua that cannot be suspended. */
  pinned: number
  /** Whether the functions of the running program are generators. */
  resumable: boolean
  meter: Meter | undefined
  /** The coroutine that runs, undefined in the main one. */
  coroutine: unknown
  /** Environments of the functions on the stack, kept by programs that use `setfenv`. */
  env: Environments | undefined
}

/** An error, as the handler of `xpcall` sees it. */
export interface HandledError {
  readonly value: unknown
  /** What the handler made of it, an array of one; undefined: it has not run. */
  handled: readonly unknown[] | undefined
}

/** The environment of a running function, and those of its callers. */
export interface Environments {
  readonly cell: { t: unknown }
  readonly up: Environments | undefined
}

export const vm: VirtualMachine = {
  fuel: PLENTY,
  longest: PLENTY,
  memory: PLENTY,
  depth: 0,
  maxDepth: PLENTY,
  tails: 0,
  guards: 0,
  handler: undefined,
  pinned: 0,
  resumable: false,
  meter: undefined,
  coroutine: undefined,
  env: undefined
}

/** Called by generated code when `vm.fuel` is below zero. */
export function refuel(): void {
  vm.fuel = vm.meter === undefined ? PLENTY : vm.meter.refuel()
}

/** Called by generated code that can pause, when `vm.fuel` is below zero: true when it should let others go on. */
export function tired(): boolean {
  refuel()
  return mayPause()
}

/** Whether the script has used its slice, and nothing that runs keeps it from a pause. */
export function mayPause(): boolean {
  return vm.pinned === 0 && vm.resumable && vm.meter?.tired === true
}

/** Takes steps for work that a library function does. */
export function charge(steps: number): void {
  vm.fuel -= steps
  if (vm.fuel < 0) refuel()
}

/** Takes bytes of memory. */
export function allocate(bytes: number): void {
  vm.memory -= bytes
  if (vm.memory < 0) moreMemory()
}

/** Called when `vm.memory` is below zero. */
export function moreMemory(): void {
  if (vm.meter === undefined) vm.memory = PLENTY
  else vm.meter.moreMemory()
}

/** Takes memory for a text, which may not be longer than {@link VirtualMachine.longest}. */
export function allocateText(bytes: number): void {
  if (bytes > vm.longest) noMemory()
  allocate(bytes)
}

/** More is asked for than a run may have. */
export function noMemory(): void {
  vm.meter?.outOfMemory()
}
