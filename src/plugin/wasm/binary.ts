/** The binary form of WebAssembly modules, as far as a guest is looked at and changed before it is compiled. */

/** Sections by number (WebAssembly 1.0, §5.5). */
const MEMORY = 5
const EXPORT = 7
const START = 8
const CODE = 10
const HEAD_BYTES = 8
export const PAGE_BYTES = 64 * 1024
/** 4 GiB, what a memory of 32 bits can have. */
const MOST_PAGES = 65_536
/** The export that stands for what was the start function. */
export const START_EXPORT = 'sluice.start'

interface Section {
  readonly id: number
  readonly content: Buffer
}

export interface PreparedBinary {
  readonly bytes: Buffer
  /** bytes of memory that an instance begins with. */
  readonly memory: number
  /** The module had a start function: it is exported as {@link START_EXPORT}. */
  readonly starts: boolean
}

/**
 * Bounds the memory of a module's instances, and turns its start function into an export: it runs when the host functions know the memory.
 * @param maxMemory bytes
 */
export function prepareBinary(bytes: Buffer, maxMemory: number): PreparedBinary {
  const sections = sectionsOf(bytes)
  const start = sections.find(({ id }) => id === START)
  let memory = 0
  const changed = sections.flatMap((section): Section[] => {
    if (section.id === START) return []
    if (section.id === MEMORY) {
      const bounded = boundMemory(section.content, Math.floor(maxMemory / PAGE_BYTES))
      memory = bounded.pages * PAGE_BYTES
      return [{ id: MEMORY, content: bounded.content }]
    }
    if (section.id === EXPORT && start !== undefined) return [{ id: EXPORT, content: withStart(section.content, start.content) }]
    return [section]
  })
  const parts = changed.flatMap(({ id, content }) => [Buffer.from([id, ...leb(content.length)]), content])
  return { bytes: Buffer.concat([bytes.subarray(0, HEAD_BYTES), ...parts]), memory, starts: start !== undefined }
}

/**
 * Bounds the memory of a module's instances, and changes nothing else.
 * @param most bytes; a module that begins larger stays as it is, as does what is no module
 */
export function withMaximum(bytes: Buffer, most: number): Buffer {
  try {
    const reader = new Reader(bytes, HEAD_BYTES)
    while (!reader.done) {
      const from = reader.at
      const id = reader.number()
      const content = reader.bytes(reader.number())
      if (id !== MEMORY) continue
      const bounded = boundMemory(content, Math.min(Math.floor(most / PAGE_BYTES), MOST_PAGES)).content
      return Buffer.concat([
        bytes.subarray(0, from),
        Buffer.from([MEMORY, ...leb(bounded.length)]),
        bounded,
        bytes.subarray(reader.at)
      ])
    }
  } catch {
    // its compiler tells what is wrong
  }
  return bytes
}

/** Says whether an exported function does nothing at all. `imported`: how many functions the module imports. */
export function isEmptyFunction(bytes: Buffer, name: string, imported: number): boolean {
  const sections = sectionsOf(bytes)
  const exports = sections.find(({ id }) => id === EXPORT)
  const code = sections.find(({ id }) => id === CODE)
  const index = exports === undefined ? undefined : exportedFunction(new Reader(exports.content), name)
  if (code === undefined || index === undefined || index < imported) return false
  const bodies = new Reader(code.content)
  bodies.number()
  for (let i = imported; i < index; i++) bodies.skip(bodies.number())
  const body = bodies.bytes(bodies.number())
  return body.length === 2 && body[0] === 0 && body[1] === 0x0b // no locals, end
}

function sectionsOf(bytes: Buffer): Section[] {
  const reader = new Reader(bytes, HEAD_BYTES)
  const sections: Section[] = []
  while (!reader.done) {
    const id = reader.number()
    sections.push({ id, content: reader.bytes(reader.number()) })
  }
  return sections
}

/** One memory; its maximum becomes `most` pages at most. One that begins larger stays as it is: it is refused elsewhere. */
function boundMemory(content: Buffer, most: number): { readonly content: Buffer; readonly pages: number } {
  const reader = new Reader(content)
  const count = reader.number()
  const flags = reader.number()
  const pages = reader.number()
  if (count !== 1 || flags > 1 || pages > most) return { content, pages }
  const max = flags === 1 ? Math.min(reader.number(), most) : most
  return { content: Buffer.from([1, 1, ...leb(pages), ...leb(max)]), pages }
}

function withStart(exports: Buffer, start: Buffer): Buffer {
  const reader = new Reader(exports)
  const count = reader.number()
  const name = Buffer.from(START_EXPORT)
  return Buffer.concat([
    Buffer.from(leb(count + 1)),
    exports.subarray(reader.at),
    Buffer.from([name.length]),
    name,
    Buffer.from([0]),
    start
  ])
}

function exportedFunction(reader: Reader, wanted: string): number | undefined {
  for (let left = reader.number(); left > 0; left--) {
    const name = reader.bytes(reader.number()).toString()
    const kind = reader.number()
    const index = reader.number()
    if (kind === 0 && name === wanted) return index
  }
  return undefined
}

class Reader {
  at: number
  private readonly from: Buffer

  constructor(from: Buffer, at = 0) {
    this.from = from
    this.at = at
  }

  get done(): boolean {
    return this.at >= this.from.length
  }

  /** An unsigned LEB128. */
  number(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.from[this.at++]
      if (byte === undefined || shift > 28) throw new RangeError('a number of the WebAssembly module has no end')
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }

  bytes(length: number): Buffer {
    this.at += length
    return this.from.subarray(this.at - length, this.at)
  }

  skip(length: number): void {
    this.at += length
  }
}

function leb(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low + 128 : low)
  } while (rest > 0)
  return bytes
}
