/**
 * Strict validation of JSON text (RFC 8259), 64 bytes a step: AssemblyScript, a dialect of TypeScript that is compiled to WebAssembly with SIMD.
 * `node scripts/assembly.mjs` writes `check-module.ts` from it.
 *
 * Each step makes one 64-bit mask per kind of byte (bit n is byte n), and tests the grammar with operations on whole masks: which token
 * may follow which. Only brackets and scalars are visited one by one. Between two brackets all commas and colons belong to the same container.
 *
 * The host (`json-checker.ts`) copies the text to TEXT and fills the tables. A text that is refused here is read again by `validate.ts`,
 * which says what is wrong and where. So `check` may refuse what is valid, and must not accept what is not.
 */

// Places in memory; json-checker.ts has the same.
const DELIMITERS: usize = 0
const ESCAPES: usize = 256
const HEX_DIGITS: usize = 512
const NESTING: usize = 1024
const MARKS: usize = 2048
const TEXT: usize = 8192
/** Bytes behind the part that is read which the host has copied, too. */
const BEHIND: usize = 256

/** One more than the marks of the most fields whose places are noted. */
const MOST_MARKS: i32 = 511
const MAX_DEPTH: i32 = 1000

const ROOT: u32 = 0
const IN_ARRAY: u32 = 1
const IN_OBJECT: u32 = 2

// What the next part needs to know of those before it.
/** All bits set within a string. */
let inString: u64 = 0
/** 1: a backslash escapes the first byte. */
let escapedFirst: u64 = 0
/** 1: white space left out, the first byte follows a bracket that opens, a separator, or nothing. */
let mayStart: u64 = 0
/** 1: white space left out, the first byte follows the end of a string. */
let afterString: u64 = 0
/** 1: the byte before belongs to a number or a literal. */
let inScalar: u64 = 0
let depth: i32 = 0
let container: u32 = ROOT
/** 1: in an object the next separator must be a colon. */
let wantsColon: u64 = 0
/** The last bracket opened a container, and no separator followed. */
let opened: bool = false
/** Places noted at MARKS: separators and end of a root object. */
let marks: i32 = 0

export function begin(): void {
  inString = escapedFirst = afterString = inScalar = wantsColon = 0
  mayStart = 1
  depth = marks = 0
  container = ROOT
  opened = false
}

/** Bit n: the top bit of byte n. */
// @ts-ignore
@inline
function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  return <u64>i8x16.bitmask(a) | (<u64>i8x16.bitmask(b) << 16) | (<u64>i8x16.bitmask(c) << 32) | (<u64>i8x16.bitmask(d) << 48)
}

/** Bit n: whether an odd number of the bits 0 to n is set. */
// @ts-ignore
@inline
function oddBefore(mask: u64): u64 {
  mask ^= mask << 1
  mask ^= mask << 2
  mask ^= mask << 4
  mask ^= mask << 8
  mask ^= mask << 16
  return mask ^ (mask << 32)
}

// @ts-ignore
@inline
function anyOf(a: v128, b: v128, c: v128, d: v128): bool {
  return v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))
}

// @ts-ignore
@inline
function blanks(bytes: v128): v128 {
  return v128.or(v128.or(i8x16.eq(bytes, i8x16.splat(0x09)), i8x16.eq(bytes, i8x16.splat(0x0a))), i8x16.eq(bytes, i8x16.splat(0x0d)))
}

// @ts-ignore
@inline
function isDelimiter(at: usize): bool {
  return load<u8>(DELIMITERS + load<u8>(at)) != 0
}

/** Whether the bytes up to the next delimiter are a number or a literal. */
// @ts-ignore
@inline
function isScalar(at: usize): bool {
  let c: u32 = load<u8>(at)
  if (c == 0x74) return load<u32>(at) == 0x65757274 && isDelimiter(at + 4) // true
  if (c == 0x6e) return load<u32>(at) == 0x6c6c756e && isDelimiter(at + 4) // null
  if (c == 0x66) return load<u32>(at + 1) == 0x65736c61 && isDelimiter(at + 5) // false
  if (c == 0x2d) c = load<u8>(++at)
  const run: u32 = i8x16.bitmask(i8x16.lt_u(i8x16.sub(v128.load(at), i8x16.splat(0x30)), i8x16.splat(10)))
  const digits: u32 = ctz(~run)
  if (digits == 0 || (c == 0x30 && digits > 1)) return false
  if (digits == 16) return isLongNumber(at)
  let end = at + digits
  let next: u32 = load<u8>(end)
  if (next == 0x2e) {
    const fraction: u32 = ctz(~(run >> (digits + 1)))
    if (fraction == 0 || digits + 1 + fraction >= 16) return isLongNumber(at)
    end += fraction + 1
    next = load<u8>(end)
  }
  if ((next | 0x20) == 0x65) return isLongNumber(at)
  return isDelimiter(end)
}

// @ts-ignore
@inline
function isDigit(at: usize): bool {
  return <u32>load<u8>(at) - 0x30 < 10
}

/** A number from its first digit on. The caller has looked for a leading zero. */
function isLongNumber(at: usize): bool {
  while (isDigit(at)) at++
  if (load<u8>(at) == 0x2e) {
    if (!isDigit(++at)) return false
    while (isDigit(at)) at++
  }
  if ((load<u8>(at) | 0x20) == 0x65) {
    const sign = load<u8>(++at)
    if (sign == 0x2b || sign == 0x2d) at++
    if (!isDigit(at)) return false
    while (isDigit(at)) at++
  }
  return isDelimiter(at)
}

function areHexDigits(at: usize): bool {
  for (let i: usize = 0; i < 4; i++) if (load<u8>(HEX_DIGITS + load<u8>(at + i)) == 0) return false
  return true
}

/**
 * Reads the part of a text that stands at TEXT, whose first byte is the text's byte `base`. `length` is a multiple of 64 in all parts but the last.
 * Behind the last part stand spaces, behind another one the next BEHIND bytes of the text.
 * Returns how many places are noted; -1 for a text that is not valid, or not for sure.
 */
export function check(length: i32, base: i32, isLast: bool): i32 {
  const end: usize = TEXT + length
  const space = i8x16.splat(0x20)
  const quote = i8x16.splat(0x22)
  const backslash = i8x16.splat(0x5c)
  const comma = i8x16.splat(0x2c)
  const colon = i8x16.splat(0x3a)
  // with the bit of a space set, `[` is `{` and `]` is `}`
  const opening = i8x16.splat(0x7b)
  const closing = i8x16.splat(0x7d)
  let strings = inString
  let escapesNext = escapedFirst
  let starts = mayStart
  let quoted = afterString
  let scalar = inScalar
  let level = depth
  let inside = container
  let colonNext = wantsColon
  let empty = opened
  let noted = marks
  for (let at: usize = TEXT; at < end; at += 64) {
    const a = v128.load(at)
    const b = v128.load(at, 16)
    const c = v128.load(at, 32)
    const d = v128.load(at, 48)

    let escaped = escapesNext
    let escapes: u64 = 0
    escapesNext = 0
    const ea = i8x16.eq(a, backslash)
    const eb = i8x16.eq(b, backslash)
    const ec = i8x16.eq(c, backslash)
    const ed = i8x16.eq(d, backslash)
    if (anyOf(ea, eb, ec, ed)) {
      let left = bits(ea, eb, ec, ed) & ~escaped
      while (left != 0) {
        const bit = left & (0 - left)
        const letter = at + <usize>ctz(left) + 1
        const code: u32 = load<u8>(letter)
        if (code == 0x75 ? !areHexDigits(letter + 1) : load<u8>(ESCAPES + code) == 0) return -1
        escapes |= bit
        escaped |= bit << 1
        escapesNext = bit >> 63
        left &= ~(bit | (bit << 1))
      }
    }
    const quotes = bits(i8x16.eq(a, quote), i8x16.eq(b, quote), i8x16.eq(c, quote), i8x16.eq(d, quote)) & ~escaped
    // from the opening quote to the byte before the closing one
    const text = oddBefore(quotes) ^ strings
    strings = <u64>(<i64>text >> 63)
    if ((escapes & ~text) != 0) return -1
    const ends = quotes & ~text
    const outside = ~(text | ends)

    const ca = i8x16.lt_u(a, space)
    const cb = i8x16.lt_u(b, space)
    const cc = i8x16.lt_u(c, space)
    const cd = i8x16.lt_u(d, space)
    if (anyOf(ca, cb, cc, cd)) {
      const allowed = bits(blanks(a), blanks(b), blanks(c), blanks(d)) & outside
      if ((bits(ca, cb, cc, cd) & ~allowed) != 0) return -1
    }
    const white = bits(i8x16.le_u(a, space), i8x16.le_u(b, space), i8x16.le_u(c, space), i8x16.le_u(d, space)) & outside
    const oa = v128.or(a, space)
    const ob = v128.or(b, space)
    const oc = v128.or(c, space)
    const od = v128.or(d, space)
    const opens = bits(i8x16.eq(oa, opening), i8x16.eq(ob, opening), i8x16.eq(oc, opening), i8x16.eq(od, opening)) & outside
    const closes = bits(i8x16.eq(oa, closing), i8x16.eq(ob, closing), i8x16.eq(oc, closing), i8x16.eq(od, closing)) & outside
    const commas = bits(i8x16.eq(a, comma), i8x16.eq(b, comma), i8x16.eq(c, comma), i8x16.eq(d, comma)) & outside
    const colons = bits(i8x16.eq(a, colon), i8x16.eq(b, colon), i8x16.eq(c, colon), i8x16.eq(d, colon)) & outside
    const separators = commas | colons
    const scalars = outside & ~(white | opens | closes | separators)
    const scalarStarts = scalars & ~((scalars << 1) | scalar)
    scalar = scalars >> 63

    // bytes that follow a separator or an opening bracket, and bytes that follow a string, white space left out
    const before = separators | opens
    let first = (before << 1) | starts
    let afterEnd = (ends << 1) | quoted
    starts = before >> 63
    quoted = ends >> 63
    if (white != 0) {
      // a run of white space that begins with a set bit carries it to the byte behind the run
      const carried = (first & white) + white
      const carriedEnd = (afterEnd & white) + white
      starts |= u64(carried < white)
      quoted |= u64(carriedEnd < white)
      first = (carried | first) & ~white
      afterEnd = (carriedEnd | afterEnd) & ~white
    }
    // a value stands behind one of these only, a comma behind none, a colon behind a string
    const values = (quotes & text) | scalarStarts | opens
    if (((values & ~first) | (commas & first) | (colons & ~afterEnd)) != 0) return -1

    for (let left = scalarStarts; left != 0; left &= left - 1) if (!isScalar(at + <usize>ctz(left))) return -1

    const odd = oddBefore(separators)
    let flip: u64 = 0
    let rest = ~(<u64>0)
    for (let brackets = opens | closes; ; brackets &= brackets - 1) {
      // without a bracket `bit` is 0, and `bit - 1` is all bits
      const bit = brackets & (0 - brackets)
      const part = rest & (bit - 1)
      const seen = separators & part
      if (seen != 0) {
        if (inside == IN_OBJECT) {
          // colons and commas in turn
          if ((seen & (odd ^ flip ^ (colonNext - 1))) != (colons & part)) return -1
          colonNext ^= popcnt(seen) & 1
          if (level == 1) {
            for (let left = seen; left != 0 && noted < MOST_MARKS; left &= left - 1) {
              store<u32>(MARKS + (<usize>(noted++) << 2), <u32>base + <u32>(at - TEXT) + <u32>ctz(left))
            }
          }
        } else if (inside == ROOT || (colons & part) != 0) return -1
        empty = false
      }
      if (bit == 0) break
      const place = at + <usize>ctz(bit)
      const bracket: u32 = load<u8>(place)
      if ((opens & bit) != 0) {
        if (colonNext != 0 || level == MAX_DEPTH) return -1
        store<u8>(NESTING + <usize>(level++), <u8>inside)
        empty = true
        inside = IN_ARRAY
        if (bracket == 0x7b) {
          inside = IN_OBJECT
          colonNext = 1
          let key = place + 1
          while (load<u8>(key) <= 0x20 && key < end + BEHIND) key++
          if (load<u8>(key) != 0x22 && load<u8>(key) != 0x7d) return -1
        }
      } else {
        if (level == 0 || bracket != (inside == IN_OBJECT ? <u32>0x7d : <u32>0x5d)) return -1
        // behind an opening bracket or a separator: only an empty container ends there
        if ((first & bit) != 0 ? !empty : colonNext != 0) return -1
        if (level == 1 && inside == IN_OBJECT && noted < MOST_MARKS) {
          store<u32>(MARKS + (<usize>(noted++) << 2), <u32>base + <u32>(at - TEXT) + <u32>ctz(bit))
        }
        inside = load<u8>(NESTING + <usize>(--level))
        colonNext = 0
        empty = false
      }
      rest = 0 - (bit << 1)
      flip = 0 - u64((odd & bit) != 0)
    }
  }
  if (isLast) return level == 0 && strings == 0 && starts == 0 ? noted : -1
  inString = strings
  escapedFirst = escapesNext
  mayStart = starts
  afterString = quoted
  inScalar = scalar
  depth = level
  container = inside
  wantsColon = colonNext
  opened = empty
  marks = noted
  return noted
}
