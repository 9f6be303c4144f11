/**
 * Where the unusual numbers of one object or array stand in the text that it was parsed from. The text is kept and no number is
 * copied out of it: two million numbers of one array cost 16 MB, not a map of two million entries. Numbers of other texts are written
 * behind it.
 */

/** Sources by key or index. */
export interface NumberSources {
  /** How the number was written; undefined when it is not noted. */
  at(key: string | number): string | undefined
  /** Notes that the number of `key` begins at `start`. */
  set(key: string | number, start: number): void
  /** Notes a number that came from another text. */
  put(key: string | number, source: string): void
  delete(key: string | number): void
  /** All that are noted. */
  entries(): Iterable<readonly [key: string | number, source: string]>
}

export const sourcesIn = (text: string, isArray: boolean): NumberSources =>
  isArray ? new ArraySources(text) : new ObjectSources(text)

class ArraySources implements NumberSources {
  private text: string
  /** By index: where the number begins, 0 = not noted. No number of an array begins at 0. */
  private readonly starts: number[] = []

  constructor(text: string) {
    this.text = text
  }

  at(index: number): string | undefined {
    const start = this.starts[index]
    return start === undefined || start === 0 ? undefined : numberAt(this.text, start)
  }

  put(index: number, source: string): void {
    this.text += ` ${source}`
    this.set(index, this.text.length - source.length)
  }

  set(index: number, start: number): void {
    const { starts } = this
    while (starts.length < index) starts.push(0)
    starts[index] = start
  }

  delete(index: number): void {
    if (index < this.starts.length) this.starts[index] = 0
  }

  *entries(): Iterable<readonly [number, string]> {
    for (let i = 0; i < this.starts.length; i++) {
      const source = this.at(i)
      if (source !== undefined) yield [i, source]
    }
  }
}

/** Objects of more unusual numbers have a map. */
const MOST_LISTED = 16

class ObjectSources implements NumberSources {
  private text: string
  private readonly keys: string[] = []
  private readonly starts: number[] = []
  private map: Map<string, number> | undefined

  constructor(text: string) {
    this.text = text
  }

  at(key: string): string | undefined {
    const start = this.map === undefined ? this.starts[this.keys.indexOf(key)] : this.map.get(key)
    return start === undefined ? undefined : numberAt(this.text, start)
  }

  put(key: string, source: string): void {
    this.text += ` ${source}`
    this.set(key, this.text.length - source.length)
  }

  set(key: string, start: number): void {
    if (this.map !== undefined) {
      this.map.set(key, start)
      return
    }
    const known = this.keys.indexOf(key)
    if (known >= 0) this.starts[known] = start
    else if (this.keys.length < MOST_LISTED) {
      this.keys.push(key)
      this.starts.push(start)
    } else {
      this.map = new Map(this.keys.map((one, i) => [one, this.starts[i]!]))
      this.map.set(key, start)
    }
  }

  delete(key: string): void {
    this.map?.delete(key)
    const known = this.keys.indexOf(key)
    if (this.map !== undefined || known < 0) return
    this.keys.splice(known, 1)
    this.starts.splice(known, 1)
  }

  *entries(): Iterable<readonly [string, string]> {
    const places = this.map ?? this.keys.map((key, i) => [key, this.starts[i]!] as const)
    for (const [key, start] of places) yield [key, numberAt(this.text, start)]
  }
}

const numberAt = (text: string, start: number): string => text.slice(start, endOfNumber(text, start))

/** Returns the index behind the number that begins at `start`. */
export function endOfNumber(text: string, start: number): number {
  let i = start + 1
  for (;;) {
    const c = text.charCodeAt(i)
    if ((c >= 0x30 && c <= 0x39) || c === 0x2e || c === 0x2b || c === 0x2d || (c | 0x20) === 0x65) i++
    else return i
  }
}
