import { GoFault } from '../go-fault.js'
import { declare, type FunctionTable } from '../go-function.js'
import { kindOf, nilList, sortedKeys, strings, typed, type Value } from '../value.js'
import { deepEqual, integerOfValue, isEmpty, listOf, textOf, textsOf } from './conversions.js'

const includes = (items: readonly Value[], wanted: Value): boolean => items.some(item => deepEqual(item, wanted))

function chunk(size: bigint, list: Value): Value {
  const items = listOf(list, 'chunk')
  const length = Number(size)
  if (length <= 0) throw new GoFault('chunk of no elements')
  const chunks: Value[] = []
  for (let i = 0; i < items.length; i += length) chunks.push(items.slice(i, i + length))
  return typed(chunks, '[][]interface {}')
}

function slice(list: Value, ...bounds: Value[]): Value {
  if (!Array.isArray(list)) throw new GoFault(`list should be type of slice or array but ${list === null ? 'nil' : kindOf(list)}`)
  if (list.length === 0) return null
  const start = bounds.length > 0 ? Number(integerOfValue(bounds[0]!)) : 0
  const end = bounds.length > 1 ? Number(integerOfValue(bounds[1]!)) : list.length
  if (start < 0 || end < start || end > list.length) throw new GoFault('slice index out of bounds')
  return list.slice(start, end)
}

/** Most elements of `until`, `untilStep` and `seq`. */
const MAX_COUNT = 1_000_000

function untilStep(start: bigint, stop: bigint, step: bigint): bigint[] {
  const out: bigint[] = []
  if (stop < start ? step >= 0n : step <= 0n) return out
  for (let i = start; stop < start ? i > stop : i < stop; i += step) {
    if (out.push(i) > MAX_COUNT) throw new GoFault(`more than ${MAX_COUNT} elements`)
  }
  return out
}

function seq(...bounds: bigint[]): string {
  if (bounds.length === 0 || bounds.length > 3) return ''
  const start = bounds.length === 1 ? 1n : bounds[0]!
  const end = bounds.at(-1)!
  const direction = end < start ? -1n : 1n
  const step = bounds.length === 3 ? bounds[1]! : direction
  if (bounds.length === 3 && direction < 0n && step > 0n) return ''
  return untilStep(start, end + direction, step).join(' ')
}

const first = (list: Value): Value => listOf(list, 'find first on')[0] ?? null
const last = (list: Value): Value => listOf(list, 'find last on').at(-1) ?? null
const rest = (list: Value): Value => part(listOf(list, 'find rest on'), 1)
const initial = (list: Value): Value => part(listOf(list, 'find initial on'), 0, -1)
/** Of a list without elements there is no part. */
const part = (items: Value[], from: number, to?: number): Value[] => (items.length === 0 ? nilList() : items.slice(from, to))
const append = (list: Value, item: Value): Value => [...listOf(list, 'push on'), item]
const prepend = (list: Value, item: Value): Value => [item, ...listOf(list, 'prepend on')]
const reverse = (list: Value): Value => [...listOf(list, 'find reverse on')].reverse()
const compact = (list: Value): Value => listOf(list, 'compact on').filter(item => !isEmpty(item))
function uniq(list: Value): Value {
  const kept: Value[] = []
  for (const item of listOf(list, 'find uniq on')) if (!includes(kept, item)) kept.push(item)
  return kept
}
const without = (list: Value, ...omitted: Value[]): Value =>
  listOf(list, 'find without on').filter(item => !includes(omitted, item))
const has = (wanted: Value, list: Value): boolean => list !== null && includes(listOf(list, 'find has on'), wanted)
const list = (...items: Value[]): Value => items
function concat(...lists: Value[]): Value {
  const items = lists.flatMap(one => {
    if (Array.isArray(one)) return one
    throw new GoFault(`Cannot concat type ${kindOf(one)} as list`)
  })
  return items.length === 0 ? nilList() : items
}

/** Each stands also as `mustX`. */
const WITH_MUST: FunctionTable = {
  first: declare('any', first),
  last: declare('any', last),
  rest: declare('any', rest),
  initial: declare('any', initial),
  append: declare('any any', append),
  push: declare('any any', append),
  prepend: declare('any any', prepend),
  reverse: declare('any', reverse),
  compact: declare('any', compact),
  uniq: declare('any', uniq),
  without: declare('any ...any', without),
  has: declare('any any', has),
  slice: declare('any ...any', slice),
  chunk: declare('int any', chunk)
}

export const LISTS: FunctionTable = {
  ...WITH_MUST,
  ...Object.fromEntries(
    Object.entries(WITH_MUST).map(([name, target]) => [`must${name[0]!.toUpperCase()}${name.slice(1)}`, target])
  ),
  list: declare('...any', list),
  tuple: declare('...any', list),
  concat: declare('...any', concat),
  sortAlpha: declare('any', (value: Value) =>
    strings(
      Array.isArray(value)
        ? sortedKeys(new Map(textsOf(value).map(text => [text, null]))).flatMap(text => same(value, text))
        : [textOf(value)]
    )
  ),
  join: declare('string any', (separator: string, value: Value) => textsOf(value).join(separator)),
  toStrings: declare('any', (value: Value) => strings(textsOf(value))),
  until: declare('int', (count: bigint) => typed<Value[]>(untilStep(0n, count, count < 0n ? -1n : 1n), '[]int')),
  untilStep: declare('int int int', (start: bigint, stop: bigint, step: bigint) =>
    typed<Value[]>(untilStep(start, stop, step), '[]int')
  ),
  seq: declare('...int', seq as never)
}

/** A text as often as it stands in the list. */
const same = (list: readonly Value[], text: string): string[] => textsOf([...list]).filter(other => other === text)
