/** Sets of characters: one entry for each of ASCII, and three for all that is beyond. */

/** 1 for each character that is in it. */
export type CharSet = Uint8Array

/** The entry of a character beyond ASCII that has none of its own. */
export const BEYOND = 128
/** `K`, the sign of Kelvin, which is a `k` where case is ignored. */
const KELVIN = 129
const KELVIN_CODE = 0x212a
/** `ſ`, the long s. */
const LONG_S = 130
const LONG_S_CODE = 0x17f

/** Entries of a set. */
export const SIZE = 131

export const setOf = (...ranges: readonly (readonly [number, number])[]): CharSet => {
  const set = new Uint8Array(SIZE)
  for (const [from, to] of ranges) set.fill(1, from, to + 1)
  return set
}

export const WORD = setOf([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a])
/** By the letter of their escape; RE2's `\s` has no vertical tab. */
export const CLASSES: Readonly<Record<string, CharSet>> = {
  d: setOf([0x30, 0x39]),
  w: WORD,
  s: setOf([0x09, 0x0a], [0x0c, 0x0d], [0x20, 0x20])
}
export const CONTROLS: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, f: 0x0c, r: 0x0d }
export const EVERY = setOf([0x00, SIZE - 1])
/** All but the end of a line. */
export const DOT = setOf([0x00, 0x09], [0x0b, SIZE - 1])

export const inverted = (set: CharSet): CharSet => set.map(one => 1 - one)

/** The same where case is ignored. */
export function folded(set: CharSet): CharSet {
  const more = set.slice()
  for (let c = 0x61; c <= 0x7a; c++) more[c] = more[c - 0x20] = set[c]! | set[c - 0x20]!
  more[KELVIN]! |= more[0x6b]!
  more[LONG_S]! |= more[0x73]!
  return more
}

/** By character of ASCII; equal sets are one object. */
export const SINGLES: readonly CharSet[] = Array.from({ length: BEYOND }, (_, c) => setOf([c, c]))
export const FOLDED: readonly CharSet[] = SINGLES.map(folded)

/** Returns the entry of a character beyond ASCII. */
export const entryBeyond = (code: number): number => (code === KELVIN_CODE ? KELVIN : code === LONG_S_CODE ? LONG_S : BEYOND)

/** Returns the entry of a character beyond ASCII by its first bytes in UTF-8. */
export function entryOfBytes(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0xc5 && bytes[at + 1] === 0xbf) return LONG_S
  return bytes[at] === 0xe2 && bytes[at + 1] === 0x84 && bytes[at + 2] === 0xaa ? KELVIN : BEYOND
}
