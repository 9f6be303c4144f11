/**
 * JSON as plain JavaScript values that do not lose how numbers were written.
 *
 * In: text. Out: what JSON.parse answers; beside it, per object or array, the source text of every number that a double
 * would print otherwise (`12345678901234567890`, `1.10`, `1e3`, `-0`). Writing gives a number its source text back where
 * nobody replaced it, wherever its object was moved to. Text without such numbers costs one regexp more than JSON.parse.
 */

interface NumberNote {
  readonly value: number
  readonly source: string
}

interface ContainerNotes {
  readonly numbers: Map<string | number, NumberNote>
  /** Numbers of the whole document that a double cannot hold, by their double; null when two share one. */
  readonly lossy: Map<number, string | null>
}

const NOTES = new WeakMap<object, ContainerNotes>()

/** A number that may print otherwise than it was written; may match inside strings, where it only costs time. */
const UNUSUAL = /[[:,\s](?:-0[,\]}\s]|-?\d+(?:\.\d*)?[eE]|-?\d{16}|-?\d+\.\d*0[,\]}\s]|-?\d+\.\d{9}|-?\d{7,}\.|-?0\.000000)/g

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

function hasUnusual(text: string): boolean {
  UNUSUAL.lastIndex = 0
  for (let match = UNUSUAL.exec(text); match !== null; match = UNUSUAL.exec(text)) {
    const start = match.index + 1
    const source = text.slice(start, endOfNumber(text, start))
    if (String(Number(source)) !== source) return true
  }
  return false
}

/**
 * Writes a value as JSON.stringify does (`toJSON`, undefined and functions included); numbers that nobody replaced since
 * {@link parseJsonValue} keep their source text. `null` where JSON.stringify answers undefined.
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

/** Copies a value by writing and reading it; what JSON cannot express is lost, the spelling of numbers is not. */
export function copyJsonValue(value: unknown): unknown {
  return value === undefined ? undefined : parseJsonValue(stringifyJsonValue(value))
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

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
  let text = '['
  for (let i = 0; i < value.length; i++) {
    if (i > 0) text += ','
    const item = value[i]
    text +=
      sourceOf(notes, i, item) ??
      (notes === undefined ? undefined : shifted(notes, item)) ??
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
    const written = sourceOf(notes, key, item) ?? write(item, key, lossy, open)
    if (written !== undefined) text += `${text === '' ? '' : ','}${quote(key)}:${written}`
  }
  return `{${text}}`
}

function sourceOf(notes: ContainerNotes | undefined, key: string | number, item: unknown): string | undefined {
  if (notes === undefined || typeof item !== 'number') return undefined
  const note = notes.numbers.get(key)
  return note !== undefined && Object.is(note.value, item) ? note.source : undefined
}

/** Items move when an array is cut or sorted: a number is then found by its value, if the array had it written one way. */
function shifted(notes: ContainerNotes, item: unknown): string | undefined {
  if (typeof item !== 'number') return undefined
  let source: string | undefined
  for (const note of notes.numbers.values()) {
    if (!Object.is(note.value, item)) continue
    if (source !== undefined && source !== note.source) return undefined
    source = note.source
  }
  return source
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

/** Walks valid text along the value that JSON.parse made of it. */
function noteNumbers(text: string, root: object): void {
  const lossy: ContainerNotes['lossy'] = new Map()
  NOTES.set(root, { numbers: new Map(), lossy })
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
      note(text, frame, text.slice(i, end), lossy)
      i = end - 1
    }
  }
}

function child(text: string, frame: Frame): unknown {
  const { container } = frame
  if (container === undefined) return undefined
  const key = keyOf(text, frame)
  return Object.hasOwn(container, key) ? (container as Record<string | number, unknown>)[key] : undefined
}

function note(text: string, frame: Frame, source: string, lossy: ContainerNotes['lossy']): void {
  const value = Number(source)
  const { container } = frame
  if (container === undefined) return
  let notes = NOTES.get(container)
  if (String(value) === source) {
    notes?.numbers.delete(keyOf(text, frame)) // a duplicate key before it was unusual
    if (lossy.has(value)) lossy.set(value, null)
    return
  }
  if (notes === undefined) {
    notes = { numbers: new Map(), lossy }
    NOTES.set(container, notes)
  }
  notes.numbers.set(keyOf(text, frame), { value, source })
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

function endOfNumber(text: string, start: number): number {
  let i = start + 1
  for (;;) {
    const c = text.charCodeAt(i)
    if ((c >= 0x30 && c <= 0x39) || c === 0x2e || c === 0x2b || c === 0x2d || (c | 0x20) === 0x65) i++
    else return i
  }
}
