/**
 * The part of WASI (`wasi_snapshot_preview1`) that http-wasm guests use: lines to the log, clocks, random numbers. There are no files,
 * no arguments, no environment; functions that are not here return that the system has none.
 */

import { randomFillSync } from 'node:crypto'
import type { GuestMemory } from './http-wasm/guest-memory.js'

const SUCCESS = 0
const BAD_DESCRIPTOR = 8
const INVALID = 28
const NO_SYSTEM_CALL = 52
const NOT_A_PIPE = 70
const NO_CAPABILITY = 76

/** A character device, as `fd_fdstat_get` says it. */
const CHARACTER_DEVICE = 2

/** Bytes of a line that is kept until its end comes. */
const MOST_LINE_BYTES = 8 * 1024

/** A guest ended itself by `proc_exit`. */
export class GuestExit extends Error {
  readonly code: number

  constructor(code: number) {
    super(`the module ended itself with the exit code ${code}`)
    this.code = code
  }
}

/** What the functions know of their instance. */
export interface WasiSurroundings {
  readonly memory: GuestMemory
  /** Takes a line that was written to standard output or standard error. */
  line(text: string, isError: boolean): void
}

type WasiFunction = (...numbers: number[]) => number

/** Makes the functions that a module imports; `names` are those. */
export function wasiImports(names: readonly string[], of: () => WasiSurroundings): Record<string, unknown> {
  const known = functions(of)
  return Object.fromEntries(names.map(name => [name, known[name] ?? ((): number => NO_SYSTEM_CALL)]))
}

function functions(of: () => WasiSurroundings): Record<string, unknown> {
  const lines = [new Lines(), new Lines()]
  const noArguments: WasiFunction = (countAt, bytesAt) => {
    of().memory.putU32(countAt!, 0)
    of().memory.putU32(bytesAt!, 0)
    return SUCCESS
  }
  const isStandard = (fd: number): boolean => fd >= 0 && fd <= 2
  const standardOnly: WasiFunction = fd => (isStandard(fd!) ? SUCCESS : BAD_DESCRIPTOR)
  return {
    args_get: () => SUCCESS,
    args_sizes_get: noArguments,
    environ_get: () => SUCCESS,
    environ_sizes_get: noArguments,
    clock_res_get(clock: number, at: number): number {
      of().memory.putU64(at, clock === 0 ? 1_000_000n : 1n)
      return clock === 0 || clock === 1 ? SUCCESS : INVALID
    },
    clock_time_get(clock: number, _precision: bigint, at: number): number {
      if (clock !== 0 && clock !== 1) return INVALID
      of().memory.putU64(at, clock === 0 ? BigInt(Date.now()) * 1_000_000n : process.hrtime.bigint())
      return SUCCESS
    },
    random_get(at: number, length: number): number {
      randomFillSync(of().memory.lend(at, length, 'a buffer'))
      return SUCCESS
    },
    sched_yield: () => SUCCESS,
    poll_oneoff: (from: number, to: number, count: number, madeAt: number): number => poll(of().memory, from, to, count, madeAt),
    proc_exit(code: number): never {
      throw new GuestExit(code)
    },
    fd_write(fd: number, vectorsAt: number, count: number, writtenAt: number): number {
      if (fd !== 1 && fd !== 2) return BAD_DESCRIPTOR
      const guest = of()
      const { memory } = guest
      let written = 0
      for (let i = 0; i < count; i++) {
        const at = vectorsAt + i * 8
        const length = memory.u32(at + 4)
        lines[fd - 1]!.add(memory.utf8(memory.u32(at), length, 'an output'), text => guest.line(text, fd === 2))
        written += length
      }
      memory.putU32(writtenAt, written)
      return SUCCESS
    },
    fd_read(fd: number, _vectorsAt: number, _count: number, readAt: number): number {
      if (fd !== 0) return BAD_DESCRIPTOR
      of().memory.putU32(readAt, 0) // the end at once
      return SUCCESS
    },
    fd_close: standardOnly,
    fd_fdstat_get(fd: number, at: number): number {
      if (!isStandard(fd)) return BAD_DESCRIPTOR
      const stat = of().memory.lend(at, 24, 'a buffer').fill(0)
      stat[0] = CHARACTER_DEVICE
      return SUCCESS
    },
    fd_fdstat_set_flags: standardOnly,
    fd_seek: (fd: number): number => (isStandard(fd) ? NOT_A_PIPE : BAD_DESCRIPTOR),
    fd_prestat_get: () => BAD_DESCRIPTOR,
    fd_prestat_dir_name: () => BAD_DESCRIPTOR,
    path_open: () => NO_CAPABILITY
  }
}

const SUBSCRIPTION_BYTES = 48
const EVENT_BYTES = 32
/** ms that a guest may sleep at a time: the gateway sleeps with it. */
const MOST_SLEEP_MS = 100
/** What a sleep waits for, and never comes. */
const NEVER = new Int32Array(new SharedArrayBuffer(4))

/** Waits for the first of some clocks. Descriptors are ready at once. */
function poll(memory: GuestMemory, from: number, to: number, count: number, madeAt: number): number {
  const asked = Array.from({ length: count }, (_, i) =>
    memory.lend(from + i * SUBSCRIPTION_BYTES, SUBSCRIPTION_BYTES, 'a buffer')
  )
  const files = asked.filter(one => one[8] !== 0)
  const waits = asked.filter(one => one[8] === 0).map(one => ({ one, ms: msUntil(one) }))
  const first = Math.min(...waits.map(({ ms }) => ms))
  if (files.length === 0 && first > 0) Atomics.wait(NEVER, 0, 0, Math.min(first, MOST_SLEEP_MS))
  const ready = files.length > 0 ? files : waits.filter(({ ms }) => ms === first).map(({ one }) => one)
  for (const [i, one] of ready.entries()) {
    const event = memory.lend(to + i * EVENT_BYTES, EVENT_BYTES, 'a buffer').fill(0)
    one.copy(event, 0, 0, 8) // whose event it is
    event[10] = one[8]!
  }
  memory.putU32(madeAt, ready.length)
  return count === 0 ? INVALID : SUCCESS
}

/** ms until the clock of a subscription; absolute times count from the clock's own zero. */
function msUntil(subscription: Buffer): number {
  const time = Number(subscription.readBigUInt64LE(24)) / 1e6
  if ((subscription[40]! & 1) === 0) return time
  const now = subscription.readUInt32LE(16) === 0 ? Date.now() : Number(process.hrtime.bigint()) / 1e6
  return Math.max(0, time - now)
}

/** Makes lines of pieces. */
class Lines {
  private open = ''

  add(text: string, take: (line: string) => void): void {
    const parts = (this.open + text).split('\n')
    this.open = parts.pop()!
    for (const part of parts) take(part)
    if (this.open.length < MOST_LINE_BYTES) return
    take(this.open)
    this.open = ''
  }
}
