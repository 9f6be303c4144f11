/** Classes of bytes in patterns. */

/** Which bytes a single character matches. */
export type ByteSet = Uint8Array

/** Code of the end of a pattern. */
export const EOS = -1

export const ALL: ByteSet = new Uint8Array(256).fill(1)
const singles = new Map<number, ByteSet>()

export function only(code: number): ByteSet {
  let set = singles.get(code)
  if (set === undefined) {
    set = new Uint8Array(256)
    if (code >= 0) set[code] = 1
    singles.set(code, set)
  }
  return set
}

export function between(begin: number | undefined, end: number | undefined): ByteSet {
  const set = new Uint8Array(256)
  if (begin !== undefined && end !== undefined) for (let i = begin; i <= end; i++) set[i] = 1
  return set
}

const CLASSES: Record<string, (c: number) => boolean> = {
  a: c => (c >= 65 && c <= 90) || (c >= 97 && c <= 122),
  c: c => c <= 31 || c === 127,
  d: c => c >= 48 && c <= 57,
  l: c => c >= 97 && c <= 122,
  p: c => (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126),
  s: c => c === 32 || (c >= 9 && c <= 13),
  u: c => c >= 65 && c <= 90,
  w: c => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122),
  x: c => (c >= 48 && c <= 57) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102),
  z: c => c === 0
}
const named = new Map<number, ByteSet>()

/** `%a` and alike; `%` before another character is that character. */
export function classOf(code: number): ByteSet {
  let set = named.get(code)
  if (set !== undefined) return set
  set = new Uint8Array(256)
  const letter = code === EOS ? '' : String.fromCharCode(code)
  const matches = CLASSES[letter.toLowerCase()]
  const negated = letter >= 'A' && letter <= 'Z'
  for (let i = 0; i < 256; i++) {
    if (matches === undefined) set[i] = i === code ? 1 : 0
    else set[i] = matches(i) === negated ? 0 : 1
  }
  named.set(code, set)
  return set
}
