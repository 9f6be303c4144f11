import type { Sliced } from '../../slices.js'
import type { FieldIndex, JsonSpan } from '../json-span.js'
import { CHECK_MODULE } from './check-module.js'

// Places in the module's memory; check.as has the same.
const DELIMITERS = 0
const ESCAPES = 256
const HEX_DIGITS = 512
const MARKS = 2048
const TEXT = 8192
const BEHIND = 256

/** Most bytes that one call reads. A multiple of 64. */
export const PART_BYTES = 64 * 1024
/** Most fields of a root object whose places are noted. */
const MOST_FIELDS = 255
/** Most checkers of texts in parts. Each has 128 KiB of memory. */
const MOST_CHECKERS = 16

const SPACE = 0x20
const OPEN_OBJECT = 0x7b

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  begin(): void
  check(length: number, base: number, isLast: boolean): number
}

declare const MODULE: unique symbol
interface CompiledModule {
  readonly [MODULE]: true
}

/** What Node has of it; the libraries that this project is compiled with have no types for it. `node --jitless` has none. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly:
    | {
        validate(bytes: Uint8Array): boolean
        readonly Module: new (bytes: Uint8Array) => CompiledModule
        readonly Instance: new (module: CompiledModule) => { readonly exports: Exports }
      }
    | undefined
}

/**
 * Checks JSON text by the WebAssembly of `check.as`, which takes half the time of the loop in `validate.ts`. It says only whether a
 * text is valid and where its fields stand.
 */
class JsonChecker {
  private readonly exports: Exports
  private readonly memory: Uint8Array
  private readonly marks: Uint32Array

  constructor(module: CompiledModule) {
    this.exports = new WebAssembly!.Instance(module).exports
    const { buffer } = this.exports.memory
    this.memory = new Uint8Array(buffer)
    this.marks = new Uint32Array(buffer, MARKS, 2 * MOST_FIELDS + 1)
    for (const [place, bytes] of [
      [DELIMITERS, ' \t\n\r,:[]{}"'],
      [ESCAPES, '"\\/bfnrt'],
      [HEX_DIGITS, '0123456789abcdefABCDEF']
    ] as const) {
      for (let i = 0; i < bytes.length; i++) this.memory[place + bytes.charCodeAt(i)] = 1
    }
  }

  /** Returns undefined for a text that is not valid, or not for sure. `bytes` are {@link PART_BYTES} at most. */
  checkWhole(bytes: Buffer): JsonSpan | undefined {
    this.exports.begin()
    const noted = this.readLast(bytes, 0)
    return noted < 0 ? undefined : this.spanOf(bytes, noted)
  }

  begin(): void {
    this.exports.begin()
  }

  /** Reads {@link PART_BYTES} that more bytes follow. Returns false where the text is not valid, or not for sure. */
  readPart(bytes: Buffer, from: number): boolean {
    const until = from + PART_BYTES + BEHIND
    this.memory.set(bytes.subarray(from, until), TEXT)
    if (until > bytes.length) this.memory.fill(SPACE, TEXT + bytes.length - from, TEXT + PART_BYTES + BEHIND)
    return this.exports.check(PART_BYTES, from, false) >= 0
  }

  /** Reads the last bytes of a text, {@link PART_BYTES} at most. Returns undefined as {@link checkWhole}. */
  readEnd(bytes: Buffer, from: number): JsonSpan | undefined {
    const noted = this.readLast(from === 0 ? bytes : bytes.subarray(from), from)
    return noted < 0 ? undefined : this.spanOf(bytes, noted)
  }

  private readLast(bytes: Buffer, base: number): number {
    const { length } = bytes
    this.memory.set(bytes, TEXT)
    this.memory.fill(SPACE, TEXT + length, TEXT + length + 64 + 16)
    return this.exports.check(length, base, true)
  }

  private spanOf(bytes: Buffer, noted: number): JsonSpan {
    let start = 0
    while (bytes[start]! <= SPACE) start++
    const end = behindValue(bytes, bytes.length)
    const fields = bytes[start] === OPEN_OBJECT && noted <= 2 * MOST_FIELDS ? this.fieldsOf(bytes, start, noted) : undefined
    return { start, end, fields }
  }

  /** Of each field the places of its colon and of what ends it are noted; those of an empty object are one. */
  private fieldsOf(bytes: Buffer, start: number, noted: number): FieldIndex {
    const { marks } = this
    const fields: number[] = []
    let before = start
    for (let i = 1; i < noted; i += 2) {
      let key = before + 1
      while (bytes[key]! <= SPACE) key++
      let value = marks[i - 1]! + 1
      while (bytes[value]! <= SPACE) value++
      before = marks[i]!
      fields.push(key, value, behindValue(bytes, before))
    }
    return fields
  }
}

/** Returns the place behind the last byte before `from` that is no white space. */
function behindValue(bytes: Buffer, from: number): number {
  let end = from
  while (bytes[end - 1]! <= SPACE) end--
  return end
}

/** null = this Node has no WebAssembly, or none with SIMD. */
let compiled: CompiledModule | null | undefined

function checkModule(): CompiledModule | null {
  if (compiled === undefined) {
    const bytes = Buffer.from(CHECK_MODULE, 'base64')
    compiled = WebAssembly?.validate(bytes) ? new WebAssembly.Module(bytes) : null
  }
  return compiled
}

/** Reads texts in one go; made for the first of them. null = there is none. */
let shared: JsonChecker | null | undefined

/** Returns undefined for a text that is not valid, or not for sure. `bytes` are {@link PART_BYTES} at most. */
export function checkJson(bytes: Buffer): JsonSpan | undefined {
  if (shared === undefined) {
    const module = checkModule()
    shared = module === null ? null : new JsonChecker(module)
  }
  return shared?.checkWhole(bytes)
}

/** Checkers of texts in parts that wait for another one. */
const spare: JsonChecker[] = []
let taken = 0

/** {@link checkJson} for a text of any length; undefined also while too many others are under way. */
export function* checkJsonInParts(bytes: Buffer): Sliced<JsonSpan | undefined> {
  const module = checkModule()
  if (module === null || taken === MOST_CHECKERS) return undefined
  const checker = spare.pop() ?? new JsonChecker(module)
  taken++
  try {
    checker.begin()
    let at = 0
    for (; bytes.length - at > PART_BYTES; at += PART_BYTES) {
      if (!checker.readPart(bytes, at)) return undefined
      yield
    }
    return checker.readEnd(bytes, at)
  } finally {
    taken--
    spare.push(checker)
  }
}
