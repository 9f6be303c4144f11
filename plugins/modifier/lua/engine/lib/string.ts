/** The library `string`. Positions and lengths are of bytes. */
import { checkInt, checkString, optInt } from '../checks.js'
import { raise, raiseValue } from '../errors.js'
import { lowerGo, upperGo } from '../go/go-case.js'
import { formatGo } from '../go/go-format.js'
import { readCost } from '../operations.js'
import { withMatches } from '../patterns/pattern-match.js'
import { type LuaFunction, type LuaResult, LuaUserdata, type LuaValue, NOTHING } from '../values.js'
import { allocate, allocateText, charge } from '../vm.js'
import { limited } from './base.js'
import { captures, valuesOf } from './captures.js'
import { gsub } from './gsub.js'

/** Bytes that an operation works on between two looks at the limits, and the steps that they cost. */
const PIECE = 64 * 1024
const PIECE_STEPS = PIECE >> 5

/** Bytes of a text beside its characters. */
const TEXT_BYTES = 32

/** Index of JavaScript for one of Lua. */
function place(text: string, i: number, start: boolean): number {
  // Go's integers overflow there
  if (start && i === -(2 ** 63)) return Number.MAX_SAFE_INTEGER
  let at = start && i !== 0 ? i - 1 : i
  if (at < 0) at = text.length + at + 1
  if (at < 0) at = 0
  return !start && at > text.length ? text.length : at
}

function find(...args: LuaValue[]): LuaResult {
  const text = checkString(args[0], 1)
  const pattern = checkString(args[1], 2)
  if (pattern.length === 0) return [1, 0]
  const from = place(text, optInt(args[2], 3, 1), true)
  readCost(text)
  if (args.length === 4 && args[3] !== undefined && args[3] !== false) {
    if (from > text.length) raiseValue(`runtime error: slice bounds out of range [${from}:${text.length}]`)
    const at = indexOfPlain(text, pattern, from)
    return at < 0 ? undefined : [at + 1, at + pattern.length]
  }
  return withMatches(text, pattern, { from, limit: 1 }, found =>
    found.count === 0 ? undefined : [found.begin(0) + 1, found.end(0), ...captures(text, found, 0)]
  )
}

/** As `indexOf`, a piece at a time. */
function indexOfPlain(text: string, pattern: string, from: number): number {
  for (let at = from; ; at += PIECE) {
    const end = at + PIECE + pattern.length - 1
    const found = (from === 0 && end >= text.length && at === 0 ? text : text.slice(at, end)).indexOf(pattern)
    if (found >= 0) return at + found
    if (end >= text.length) return -1
    charge(PIECE_STEPS + (pattern.length >> 6))
  }
}

function match(...args: LuaValue[]): LuaResult {
  const text = checkString(args[0], 1)
  const pattern = checkString(args[1], 2)
  let from = optInt(args[2], 3, 1)
  if (from < 0) from = text.length + from + 1
  from = Math.max(from - 1, 0)
  readCost(text)
  // gopher-lua returns no value where nothing matches, not nil
  return withMatches(text, pattern, { from, limit: 1 }, found => (found.count === 0 ? NOTHING : valuesOf(text, found, 0)))
}

function gmatch(...args: LuaValue[]): LuaResult {
  const text = checkString(args[0], 1)
  return withMatches(text, checkString(args[1], 2), { from: 0, limit: -1 }, matches => {
    let next = 0
    const step = (): LuaResult => (next < matches.count ? valuesOf(text, matches, next++) : NOTHING)
    return [step, new LuaUserdata(undefined)]
  })
}

function byte(...args: LuaValue[]): LuaResult {
  const text = checkString(args[0], 1)
  let start = optInt(args[1], 2, 1) - 1
  let end = optInt(args[2], 3, -1)
  if (start < 0) start = text.length + start + 1
  if (end < 0) end = text.length + end + 1
  if (args.length === 2) return start < 0 || start >= text.length ? NOTHING : text.charCodeAt(start)
  start = Math.max(start, 0)
  end = Math.min(end, text.length)
  if (end <= start) return NOTHING
  limited(end - start)
  const values: number[] = []
  for (let i = start; i < end; i++) values.push(text.charCodeAt(i))
  return values
}

function rep(text: LuaValue, count: LuaValue): LuaResult {
  const piece = checkString(text, 1)
  const n = checkInt(count, 2)
  if (n <= 0 || piece.length === 0) return ''
  allocateText(piece.length * n)
  charge((piece.length * n) >> 7)
  return piece.repeat(n)
}

function sub(...args: LuaValue[]): LuaResult {
  const text = checkString(args[0], 1)
  const start = place(text, checkInt(args[1], 2), true)
  const end = place(text, optInt(args[2], 3, -1), false)
  if (start >= text.length || end < start) return ''
  allocate(TEXT_BYTES)
  return text.slice(start, end)
}

const changedCase =
  (change: (text: string) => string): LuaFunction =>
  (value: LuaValue) => {
    const text = checkString(value, 1)
    allocate(text.length)
    if (text.length <= PIECE) return change(text)
    const parts: string[] = []
    for (let from = 0; from < text.length; ) {
      const to = characterAt(text, from + PIECE)
      charge(PIECE_STEPS)
      parts.push(change(text.slice(from, to)))
      from = to
    }
    return parts.join('')
  }

/** Where a character of UTF-8 begins, at a place or up to three bytes before it. */
function characterAt(text: string, place: number): number {
  let at = place
  while (at > place - 3 && (text.charCodeAt(at) & 0xc0) === 0x80) at--
  return at
}

export const string: Record<string, LuaFunction> = {
  byte,
  char(...args: LuaValue[]) {
    allocate(TEXT_BYTES + args.length)
    return args.map((value, i) => String.fromCharCode(checkInt(value, i + 1) & 255)).join('')
  },
  dump() {
    raise('GopherLua does not support the string.dump')
  },
  find,
  format(...args: LuaValue[]) {
    const result = formatGo(checkString(args[0], 1), args.slice(1))
    allocate(TEXT_BYTES + result.length)
    return result
  },
  gmatch,
  gsub,
  len: (value: LuaValue) => checkString(value, 1).length,
  lower: changedCase(lowerGo),
  match,
  rep,
  reverse(value: LuaValue) {
    const text = checkString(value, 1)
    allocate(text.length)
    const parts: string[] = []
    for (let to = text.length; to > 0; to -= PIECE) {
      charge(Math.min(to, PIECE) >> 4)
      parts.push(
        Buffer.from(text.slice(Math.max(to - PIECE, 0), to), 'latin1')
          .reverse()
          .toString('latin1')
      )
    }
    return parts.length === 1 ? parts[0] : parts.join('')
  },
  sub,
  upper: changedCase(upperGo)
}
string.gfind = gmatch
