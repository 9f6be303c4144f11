/** How numbers were written: the source text of those that a double prints otherwise, noted beside parsed values. */

import { endOfNumber, type NumberSources, sourcesIn } from './number-sources.js'

/** What is known of the numbers of one object or array. */
export interface ContainerNotes {
  /** Items of an array when it was read; 0 for an object. */
  readonly length: number
  readonly numbers: NumberSources
  /** Numbers of the whole document that a double cannot hold, by their double; null when two share one. */
  readonly lossy: Map<number, string | null>
}

/** Notes beside the objects and arrays that {@link noteNumbers} walked; they live as long as these. */
export const NOTES = new WeakMap<object, ContainerNotes>()

/** Returns true for objects and arrays. */
export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Returns how the number under `key` of a parsed object or array was written. */
export function numberText(container: object, key: string | number, value: number): string {
  return sourceOf(NOTES.get(container), key, value) ?? String(value)
}

/** How the number under `key` was written, when it is noted and is still the one that was read. */
export function sourceOf(notes: ContainerNotes | undefined, key: string | number, value: number): string | undefined {
  const source = notes?.numbers.at(key)
  return source !== undefined && Object.is(Number(source), value) ? source : undefined
}

/**
 * A number was put under `key`: it is written as its double from now on, also where the same one was read.
 * @param root what was parsed, `container` or an object around it
 */
export function forgetNumberText(root: object, container: object, key: string | number, value: number): void {
  if (Object.is(value, -0)) return // its source text is what a double of Go prints too
  NOTES.get(container)?.numbers.delete(key)
  const lossy = NOTES.get(root)?.lossy
  if (lossy?.has(value) === true) lossy.set(value, null)
}

/**
 * A number was put under `key` that was written as `source`: it keeps this spelling until it is replaced.
 * @param root what was parsed, `container` or an object around it
 */
export function noteNumberText(root: object, container: object, key: string | number, source: string): void {
  const value = Number(source)
  forgetNumberText(root, container, key, value)
  if (String(value) === source) return
  let notes = NOTES.get(container)
  if (notes === undefined) {
    notes = newNotes('', container, NOTES.get(root)?.lossy ?? new Map())
    NOTES.set(container, notes)
  }
  notes.numbers.put(key, source)
}

/** A number that may print otherwise than it was written; may match inside strings, where it only costs time. */
const UNUSUAL = /[[:,\s](?:-0[,\]}\s]|-?\d+(?:\.\d*)?[eE]|-?\d{16}|-?\d+\.\d*0[,\]}\s]|-?\d+\.\d{9}|-?\d{7,}\.|-?0\.000000)/g

/** Returns true when a valid JSON text holds a number that a double prints otherwise. */
export function hasUnusual(text: string): boolean {
  UNUSUAL.lastIndex = 0
  for (let match = UNUSUAL.exec(text); match !== null; match = UNUSUAL.exec(text)) {
    const start = match.index + 1
    const source = text.slice(start, endOfNumber(text, start))
    if (String(Number(source)) !== source) return true
  }
  return false
}

interface Frame {
  /** undefined where a duplicate key hides what stands here. */
  readonly container: Record<string, unknown> | unknown[] | undefined
  /** Index in an array; -1 in an object, whose key stands in the text at `keyStart`. */
  index: number
  keyStart: number
  keyEnd: number
}

const enter = (container: Frame['container'], index: number): Frame => ({ container, index, keyStart: 0, keyEnd: 0 })

function keyOf(text: string, { index, keyStart, keyEnd }: Frame): string | number {
  if (index >= 0) return index
  const inner = text.slice(keyStart + 1, keyEnd - 1)
  return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner
}

/** Notes the unusual numbers of a text: walks valid text along the value that JSON.parse made of it. */
export function noteNumbers(text: string, root: object): void {
  const lossy: ContainerNotes['lossy'] = new Map()
  NOTES.set(root, newNotes(text, root, lossy))
  const frames: Frame[] = []
  let frame = enter(undefined, 0)
  let expectKey = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      const end = endOfString(text, i)
      if (expectKey) {
        frame.keyStart = i
        frame.keyEnd = end
        expectKey = false
      }
      i = end - 1
    } else if (c === 0x7b || c === 0x5b) {
      const container = frames.length === 0 ? root : child(text, frame)
      const fits = isObject(container) && Array.isArray(container) === (c === 0x5b)
      if (fits && container !== root) NOTES.delete(container) // of duplicate keys the last counts
      frames.push(frame)
      frame = enter(fits ? (container as Frame['container']) : undefined, c === 0x5b ? 0 : -1)
      expectKey = c === 0x7b
    } else if (c === 0x7d || c === 0x5d) {
      frame = frames.pop()!
      expectKey = false
    } else if (c === 0x2c) {
      if (frame.index >= 0) frame.index++
      else expectKey = true
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      const end = endOfNumber(text, i)
      note(text, frame, i, end, lossy)
      i = end - 1
    }
  }
  if (lossy.size > 0) forgetShared(text, lossy)
}

/** A double that also stands in the text in its usual spelling names no source. */
function forgetShared(text: string, lossy: ContainerNotes['lossy']): void {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      i = endOfString(text, i) - 1
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      const end = endOfNumber(text, i)
      const source = text.slice(i, end)
      const value = Number(source)
      if (String(value) === source && lossy.has(value)) lossy.set(value, null)
      i = end - 1
    }
  }
}

const newNotes = (text: string, container: object, lossy: ContainerNotes['lossy']): ContainerNotes => ({
  length: Array.isArray(container) ? container.length : 0,
  numbers: sourcesIn(text, Array.isArray(container)),
  lossy
})

function child(text: string, frame: Frame): unknown {
  const { container } = frame
  if (container === undefined) return undefined
  const key = keyOf(text, frame)
  return Object.hasOwn(container, key) ? (container as Record<string | number, unknown>)[key] : undefined
}

function note(text: string, frame: Frame, start: number, end: number, lossy: ContainerNotes['lossy']): void {
  const source = text.slice(start, end)
  const value = Number(source)
  const { container } = frame
  if (container === undefined) return
  let notes = NOTES.get(container)
  if (String(value) === source) {
    notes?.numbers.delete(keyOf(text, frame)) // a duplicate key before it was unusual
    return
  }
  if (notes === undefined) {
    notes = newNotes(text, container, lossy)
    NOTES.set(container, notes)
  }
  notes.numbers.set(keyOf(text, frame), start)
  if (source.length > 15 && isLossy(value, source)) {
    const known = lossy.get(value)
    lossy.set(value, known === undefined || known === source ? source : null)
  }
}

/** Whether printing the double loses digits: not so for `1.1000000000000000000`. */
function isLossy(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return true
  const digits = (text: string): string => text.replace(/[eE].*$|[-.]/g, '').replace(/^0+|0+$/g, '')
  return digits(String(value)) !== digits(source)
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end + 1
  }
}
