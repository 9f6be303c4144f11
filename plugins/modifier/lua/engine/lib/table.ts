/** The library `table`. */
import { call1, first, inPlace, markInPlace, PAUSE, settle, special } from '../calls.js'
import { checkAny, checkFunction, checkInt, checkTable, optInt, optString } from '../checks.js'
import { raise } from '../errors.js'
import { goSort } from '../go/go-sort.js'
import { goSortInTurns, type Order } from '../go/go-sort-in-turns.js'
import { numberToText } from '../numbers.js'
import { lt, rawSet } from '../operations.js'
import { HOST_PREFIX } from '../syntax/positions.js'
import { type LuaFunction, type LuaResult, type LuaTable, type LuaValue, NOTHING, typeName } from '../values.js'
import { allocate, charge, mayPause, noMemory, tired, vm } from '../vm.js'

/** Items that are joined between two looks at the limits. */
const JOINED_AT_ONCE = 2048

/** So many values are sorted in their own order without a pause. */
const SORTED_AT_ONCE = 1024

/** Puts a value behind the last that is not nil. */
function append(table: LuaTable, value: LuaValue): void {
  if (value === undefined) return
  const { array } = table
  if (array.length === 0 || array[array.length - 1] !== undefined) table.setIndex(array.length + 1, value)
  else table.setIndex(table.length() + 1, value)
}

function insertAt(table: LuaTable, place: number, value: LuaValue): void {
  const { array } = table
  if (place > array.length || place <= 0) {
    rawSet(table, place, value)
    return
  }
  allocate(16)
  charge((array.length - place) >> 3)
  array.splice(place - 1, 0, value)
}

function removeAt(table: LuaTable, place: number): LuaValue {
  const { array } = table
  const i = place - 1
  if (array.length === 0 || i >= array.length) return undefined
  if (i === array.length - 1 || i < 0) return array.pop()
  charge((array.length - i) >> 3)
  return array.splice(i, 1)[0]
}

export const table: Record<string, LuaFunction> = {
  concat(...args: LuaValue[]) {
    const list = checkTable(args[0], 1)
    const separator = optString(args[1], 2, '')
    const size = list.length()
    let from = optInt(args[2], 3, 1)
    let to = optInt(args[3], 4, size)
    if (args.length === 3 && (from > size || from < 1)) return ''
    from = Math.max(Math.min(from, size), 1)
    to = Math.min(to, size)
    if (from > to) return ''
    const joining = new Joining(list.array, separator, from, to)
    if (to - from > JOINED_AT_ONCE && vm.resumable && vm.pinned === 0) return joinedInTurns(joining) as unknown as LuaResult
    while (joining.goOn());
    return joining.text()
  },
  getn: (list: LuaValue) => checkTable(list, 1).length(),
  insert(...args: LuaValue[]) {
    const list = checkTable(args[0], 1)
    if (args.length === 1) raise('wrong number of arguments')
    if (args.length === 2) append(list, args[1])
    else insertAt(list, checkInt(args[1], 2), checkAny(args, 3))
    return NOTHING
  },
  maxn: (list: LuaValue) => checkTable(list, 1).length(),
  remove(...args: LuaValue[]) {
    const list = checkTable(args[0], 1)
    return removeAt(list, args.length === 1 ? -1 : checkInt(args[1], 2))
  },
  sort(...args: LuaValue[]) {
    const { array } = checkTable(args[0], 1)
    const order = args.length === 1 ? undefined : checkFunction(args[1], 2)
    if (order === undefined) charge(array.length)
    const long = array.length > (order === undefined ? SORTED_AT_ONCE : 1)
    if (long && vm.resumable && vm.pinned === 0) return sortedInTurns(array, order) as unknown as LuaResult
    goSort(array, order === undefined ? defaultOrder : (a, b) => truthy(call1(order, a, b)))
    return NOTHING
  }
}

function truthy(value: LuaValue): boolean {
  return value !== undefined && value !== false
}

function defaultOrder(a: LuaValue, b: LuaValue): boolean {
  charge(1)
  return lt(a, b)
}

/** Sorts where scripts can pause. */
const sortedInTurns = function* (
  array: LuaValue[],
  order: LuaFunction | undefined
): Generator<unknown, readonly LuaValue[], unknown> {
  yield* goSortInTurns(array, order === undefined ? defaultOrderInTurns : orderInTurns(order), truth)
  return NOTHING
}
Object.defineProperty(sortedInTurns, 'name', { value: `${HOST_PREFIX}sort` })
markInPlace(sortedInTurns.prototype as object)

const defaultOrderInTurns: Order<LuaValue> = (a, b) => (--vm.fuel < 0 && tired() ? pausedOrder(a, b) : lt(a, b))

function* pausedOrder(a: LuaValue, b: LuaValue): Generator<unknown, boolean, unknown> {
  yield PAUSE
  return lt(a, b)
}

/** Most orders are there at once: no generator is made around them. */
const orderInTurns =
  (order: LuaFunction): Order<LuaValue> =>
  (a, b) => {
    const said: unknown = order(a, b)
    if (!special(said)) return truth(said)
    if (inPlace(said)) return settle(said)
    const running = said as Generator<unknown, unknown, unknown>
    const step = running.next()
    return step.done === true && !special(step.value) ? truth(step.value) : goOn(running, step)
  }

/** Hands on what a generator yields that has been begun. */
function* goOn(
  running: Generator<unknown, unknown, unknown>,
  begun: IteratorResult<unknown, unknown>
): Generator<unknown, unknown, unknown> {
  let step = begun
  while (step.done !== true) {
    let sent: unknown
    try {
      sent = yield step.value
    } catch (error) {
      step = running.throw(error)
      continue
    }
    step = running.next(sent)
  }
  return yield* settle(step.value)
}

const truth = (result: unknown): boolean => truthy(first(result))

/** Joins a list, part by part. */
class Joining {
  private readonly parts: string[] = []
  private size = 0
  private at: number
  private readonly array: readonly LuaValue[]
  private readonly separator: string
  private readonly to: number

  constructor(array: readonly LuaValue[], separator: string, from: number, to: number) {
    this.array = array
    this.separator = separator
    this.at = from
    this.to = to
  }

  /** Takes the next items; false where none is left. */
  goOn(): boolean {
    const { array, parts } = this
    const from = this.at
    const end = Math.min(from + JOINED_AT_ONCE, this.to + 1)
    let size = (end - from) * this.separator.length
    for (let i = from; i < end; i++) {
      const value = array[i - 1]
      if (typeof value !== 'string' && typeof value !== 'number')
        raise(`invalid value (${typeName(value)}) at index ${i} in table for concat`)
      const part = typeof value === 'number' ? numberToText(value) : value
      parts.push(part)
      size += part.length
    }
    this.at = end
    allocate(size)
    charge(((end - from) >> 2) + (size >> 7))
    this.size += size
    if (this.size > vm.longest) noMemory()
    return end <= this.to
  }

  text(): string {
    return this.parts.join(this.separator)
  }
}

/** Joins where scripts can pause. */
const joinedInTurns = function* (joining: Joining): Generator<unknown, string, unknown> {
  while (joining.goOn()) if (mayPause()) yield PAUSE
  return joining.text()
}
Object.defineProperty(joinedInTurns, 'name', { value: `${HOST_PREFIX}concat` })
markInPlace(joinedInTurns.prototype as object)
