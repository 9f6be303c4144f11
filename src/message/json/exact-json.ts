/**
 * JSON as plain JavaScript values that do not lose how numbers were written.
 *
 * In: text. Out: what JSON.parse returns; beside it, per object or array, the source text of every number that a double
 * would print otherwise (`12345678901234567890`, `1.10`, `1e3`, `-0`). Writing gives a number its source text back where
 * no edit replaced it, wherever its object was moved to. Text without such numbers costs one regexp more than JSON.parse.
 */

import { type ContainerNotes, hasUnusual, isObject, NOTES, noteNumbers, noteNumberText, sourceOf } from './json-numbers.js'

/**
 * Parses JSON text as JSON.parse does, and remembers unusual numbers.
 *
 * @throws SyntaxError as JSON.parse.
 */
export function parseJsonValue(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (isObject(value) && hasUnusual(text)) noteNumbers(text, value)
  return value
}

/**
 * Writes a value as JSON.stringify does (`toJSON`, undefined and functions included); numbers that no edit replaced since
 * {@link parseJsonValue} keep their source text. `null` where JSON.stringify returns undefined.
 *
 * @param origin the parsed value that this one was copied from (`{ ...origin }`): numbers too long for a double are found
 * by it when their object is not the one that was parsed.
 * @throws TypeError for cycles and bigints.
 */
export function stringifyJsonValue(value: unknown, origin?: unknown): string {
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const notes = isObject(origin) ? NOTES.get(origin) : undefined
  if (notes === undefined && !hasNotes(value, 0)) return JSON.stringify(value) ?? 'null'
  return write(value, '', notes?.lossy, []) ?? 'null'
}

/**
 * Puts what a JSON text says under a key of a parsed object or array: a number keeps its spelling, also where it is the whole text.
 *
 * @param root what was parsed, `container` or an object around it
 * @throws SyntaxError as JSON.parse; then nothing has changed
 */
export function putJson(root: object, container: object, key: string | number, text: string): void {
  const value = parseJsonValue(text)
  // a key may be named __proto__
  Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true })
  if (typeof value === 'number') noteNumberText(root, container, key, text.trim())
}

/** Copies a value by writing and reading it; what JSON cannot express is lost, the spelling of numbers is not. */
export function copyJsonValue(value: unknown): unknown {
  return isObject(value) ? parseJsonValue(stringifyJsonValue(value)) : value
}

/** Looks for objects that carry notes; very deep or cyclic values are left to the writer. */
function hasNotes(value: object, depth: number): boolean {
  if (depth > 200 || NOTES.has(value)) return true
  if (Array.isArray(value)) {
    for (const item of value) if (isObject(item) && hasNotes(item, depth + 1)) return true
    return false
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (isObject(item) && hasNotes(item, depth + 1)) return true
  }
  return false
}

const PLAIN = /^[ !#-[\]-~]*$/
const quote = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

/** `open` are the containers being written, to find cycles. */
function write(value: unknown, key: string, lossy: ContainerNotes['lossy'] | undefined, open: object[]): string | undefined {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') return (lossy?.get(value) as string | null | undefined) ?? JSON.stringify(value)
  if (!isObject(value)) return JSON.stringify(value)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const made: unknown = value.toJSON(key)
    return isObject(made) && !('toJSON' in made) ? write(made, key, lossy, open) : JSON.stringify(made)
  }
  if (value instanceof Number || value instanceof String || value instanceof Boolean) return JSON.stringify(value)
  if (open.includes(value)) throw new TypeError('Converting circular structure to JSON')
  open.push(value)
  const notes = NOTES.get(value)
  const long = notes?.lossy ?? lossy
  const text = Array.isArray(value) ? writeArray(value, notes, long, open) : writeObject(value, notes, long, open)
  open.pop()
  return text
}

function writeArray(
  value: readonly unknown[],
  notes: ContainerNotes | undefined,
  lossy: ContainerNotes['lossy'] | undefined,
  open: object[]
): string {
  const moved = notes !== undefined && wasEdited(value, notes) ? sourcesByValue(notes) : undefined
  let text = '['
  for (let i = 0; i < value.length; i++) {
    if (i > 0) text += ','
    const item = value[i]
    text +=
      (typeof item === 'number' ? (sourceOf(notes, i, item) ?? moved?.get(valueKey(item))) : undefined) ??
      write(item, String(i), lossy, open) ??
      'null'
  }
  return `${text}]`
}

function writeObject(
  value: object,
  notes: ContainerNotes | undefined,
  lossy: ContainerNotes['lossy'] | undefined,
  open: object[]
): string {
  let text = ''
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key]
    const written = (typeof item === 'number' ? sourceOf(notes, key, item) : undefined) ?? write(item, key, lossy, open)
    if (written !== undefined) text += `${text === '' ? '' : ','}${quote(key)}:${written}`
  }
  return `{${text}}`
}

function wasEdited(value: readonly unknown[], notes: ContainerNotes): boolean {
  if (value.length !== notes.length) return true
  for (const [index, source] of notes.numbers.entries()) if (!Object.is(value[index as number], Number(source))) return true
  return false
}

/** Items move when an array is cut or sorted: a number is then found by its value, if the array had it written one way. */
function sourcesByValue(notes: ContainerNotes): Map<unknown, string | null> {
  const sources = new Map<unknown, string | null>()
  for (const [, source] of notes.numbers.entries()) {
    const key = valueKey(Number(source))
    const known = sources.get(key)
    sources.set(key, known === undefined || known === source ? source : null)
  }
  return sources
}

/** A Map takes 0 and -0 for one key. */
const valueKey = (value: unknown): unknown => (Object.is(value, -0) ? '-0' : value)
