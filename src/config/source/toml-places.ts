/** Where the keys and elements of a TOML document stand. The text was parsed: nothing is checked here. */

/** Reads a document. Returns the offset of a key or an element; of what holds it, where it is not in the text. */
export function findTomlOffsets(text: string): (path: readonly string[]) => number {
  const { places } = new TomlPlaces(text)
  return path => {
    for (let length = path.length; length > 0; length--) {
      const offset = places.get(nameOf(path.slice(0, length)))
      if (offset !== undefined) return offset
    }
    return 0
  }
}

const nameOf = (path: readonly (string | number)[]): string => JSON.stringify(path.map(String))

/** Blanks, line ends and comments. */
const LEFT_OUT = /(?:[ \t\r\n]|#[^\n]*)*/y
const TEXT = /"""(?:[^\\]|\\[\s\S])*?"""+|'''[\s\S]*?'''+|"(?:[^"\\]|\\.)*"|'[^']*'/y
/** A number, a date (which may have a blank inside), a word. */
const BARE = /[^,\]}#\r\n]+/y
const KEY = /"(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+/y
const DOT = /[ \t]*\.[ \t]*/y

class TomlPlaces {
  readonly places = new Map<string, number>()
  /** Elements of the arrays of tables, by name. */
  private readonly counts = new Map<string, number>()
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
    let table: readonly string[] = []
    for (;;) {
      this.take(LEFT_OUT)
      if (this.at >= text.length) return
      if (text[this.at] === '[') table = this.header()
      else this.pair(table)
    }
  }

  /** `[a.b]` or `[[a.b]]`: returns the table that it opens. */
  private header(): readonly string[] {
    const start = this.at
    const isElement = this.text.startsWith('[[', start)
    this.at += isElement ? 2 : 1
    this.take(LEFT_OUT)
    const keys = this.keys()
    this.take(LEFT_OUT)
    this.at += isElement ? 2 : 1
    const path: string[] = []
    for (const [place, key] of keys.entries()) {
      path.push(key)
      this.note(path, start)
      const name = nameOf(path)
      const isLast = place === keys.length - 1
      if (isElement && isLast) this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
      const count = this.counts.get(name)
      if (count !== undefined) path.push(String(count - 1))
    }
    this.note(path, start)
    return path
  }

  private pair(table: readonly string[]): void {
    const start = this.at
    const path = [...table]
    for (const key of this.keys()) {
      path.push(key)
      this.note(path, start)
    }
    this.take(LEFT_OUT)
    this.at++
    this.take(LEFT_OUT)
    this.value(path)
  }

  private value(path: readonly string[]): void {
    const { text } = this
    const first = text[this.at]
    if (first !== '[' && first !== '{') {
      this.take(first === '"' || first === "'" ? TEXT : BARE)
      return
    }
    this.at++
    for (let index = 0; ; index++) {
      this.take(LEFT_OUT)
      if (text[this.at] === ',') this.at++
      this.take(LEFT_OUT)
      if (this.at >= text.length) return
      if (text[this.at] === ']' || text[this.at] === '}') break
      if (first === '{') this.pair(path)
      else {
        const element = [...path, String(index)]
        this.note(element, this.at)
        this.value(element)
      }
    }
    this.at++
  }

  private keys(): string[] {
    const keys: string[] = []
    do {
      const key = this.take(KEY)
      keys.push(key.startsWith('"') ? unescaped(key) : key.replace(/^'|'$/g, ''))
    } while (this.take(DOT) !== '')
    return keys
  }

  /** The first place of a name holds. */
  private note(path: readonly string[], offset: number): void {
    const name = nameOf(path)
    if (!this.places.has(name)) this.places.set(name, offset)
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0] ?? ''
    this.at += found.length
    return found
  }
}

function unescaped(key: string): string {
  try {
    return JSON.parse(key) as string
  } catch {
    return key.slice(1, -1)
  }
}
