/** Random JSON for property tests: a seeded generator, so that a failure can be run again with JSON_SEED. */

export const SEED = Number(process.env.JSON_SEED ?? Math.floor(Math.random() * 2 ** 31))

export type Random = () => number

/** mulberry32 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!

const NUMBERS = [
  '0',
  '-0',
  '1',
  '42',
  '-17',
  '1.0',
  '1.10',
  '-1.50',
  '1e3',
  '1E+2',
  '12345678901234567890',
  '0.1',
  '1e-7',
  '9007199254740993',
  '40.123'
]
const STRINGS = [
  '',
  'a',
  'plain text',
  'quote " and \\ slash',
  'line\nbreak\ttab',
  'höhe 日本 😀',
  '\u2028',
  '\u0001',
  '}{][,:',
  '1.10',
  '"'.repeat(3)
]
const SPACES = ['', '', '', ' ', '\n  ', '\t', '\r\n']
export const KEYS = ['a', 'b', 'c', 'd', 'collection', 'a.b', '__proto__', 'é', 'k"q', '0', '']

/** Text of a random value; objects without duplicate keys. */
export function randomText(random: Random, depth: number): string {
  const space = (): string => pick(random, SPACES)
  const kind = depth === 0 ? Math.floor(random() * 4) : Math.floor(random() * 8)
  if (kind === 0) return pick(random, NUMBERS)
  if (kind === 1) return pick(random, ['true', 'false', 'null'])
  if (kind < 4) return randomString(random, pick(random, STRINGS))
  if (kind < 6) {
    const items = Array.from({ length: Math.floor(random() * 5) }, () => space() + randomText(random, depth - 1) + space())
    return `[${items.join(',') || space()}]`
  }
  return randomObject(random, depth)
}

export function randomObject(random: Random, depth: number): string {
  const space = (): string => pick(random, SPACES)
  const keys = KEYS.filter(() => random() < 0.4)
  const fields = keys.map(
    key => `${space()}${randomString(random, key)}${space()}:${space()}${randomText(random, depth - 1)}${space()}`
  )
  return `{${fields.join(',') || space()}}`
}

function randomString(random: Random, text: string): string {
  const plain = JSON.stringify(text)
  if (random() < 0.7) return plain
  return `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
}

/** Compares by value, with numbers by their text: both texts get their numbers quoted and their keys sorted. */
export function canonical(text: string): string {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, t => (t.startsWith('"') ? t : `"#${t}"`))
  return JSON.stringify(sorted(JSON.parse(marked)))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => ['field', key, sorted(inner)])
}

/** Cuts bytes at random places. */
export function randomChunks(random: Random, bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  const most = pick(random, [1, 3, 20, 1000])
  for (let from = 0; from < bytes.length; ) {
    const size = 1 + Math.floor(random() * most)
    chunks.push(bytes.subarray(from, from + size))
    from += size
  }
  return chunks
}
