import { GoFault } from '../go-fault.js'
import { declare, type FunctionTable } from '../go-function.js'
import { isMap, sortedKeys, strings, type Value } from '../value.js'
import { deepCopy, deepEqual, isEmpty, textOf } from './conversions.js'

type Fields = Map<string, Value>

function dict(...parts: Value[]): Fields {
  const map: Fields = new Map()
  for (let i = 0; i < parts.length; i += 2) map.set(textOf(parts[i]!), i + 1 < parts.length ? parts[i + 1]! : '')
  return map
}

/**
 * Merges into the first map, deep. `overwrites`: what comes later wins, but a map never takes the place of another kind. Without it nil is
 * passed over.
 */
function mergeInto(target: Fields, source: Fields, overwrites: boolean): void {
  for (const [key, value] of source) {
    const before = target.get(key) ?? null
    if (value === null) {
      if (overwrites) target.set(key, null)
      continue
    }
    if (isMap(before) && isMap(value)) mergeInto(before, value, overwrites)
    if (isEmpty(before) || (overwrites && !isMap(value))) target.set(key, value)
  }
}

const merge =
  (overwrites: boolean) =>
  (target: Fields, ...sources: Fields[]): Value => {
    for (const source of sources) mergeInto(target, source, overwrites)
    return target
  }

function dig(...parts: Value[]): Value {
  if (parts.length < 3) throw new GoFault('dig needs at least three arguments')
  let value: Value = parts.at(-1)!
  for (const key of parts.slice(0, -2)) {
    if (!isMap(value)) throw new GoFault('dig goes through something that is no map')
    if (typeof key !== 'string') throw new GoFault('dig needs texts for keys')
    if (!value.has(key)) return parts.at(-2)!
    value = value.get(key)!
  }
  return value
}

function pick(map: Fields, ...keys: string[]): Fields {
  return new Map(keys.filter(key => map.has(key)).map(key => [key, map.get(key)!]))
}

export const MAPS: FunctionTable = {
  dict: declare('...any', dict as never),
  get: declare('map string', (map: Fields, key: string) => (map.has(key) ? map.get(key)! : '')),
  set: declare('map string any', (map: Fields, key: string, value: Value) => map.set(key, value)),
  unset: declare('map string', (map: Fields, key: string) => {
    map.delete(key)
    return map
  }),
  hasKey: declare('map string', (map: Fields, key: string) => map.has(key)),
  pluck: declare('string ...map', (key: string, ...maps: Fields[]) => maps.filter(map => map.has(key)).map(map => map.get(key)!)),
  // Go's order is random here; sorted is one of its orders
  keys: declare('...map', (...maps: Fields[]) => strings(maps.flatMap(sortedKeys))),
  values: declare('map', (map: Fields) => sortedKeys(map).map(key => map.get(key)!)),
  pick: declare('map ...string', pick as never),
  omit: declare('map ...string', (map: Fields, ...keys: string[]) =>
    pick(map, ...sortedKeys(map).filter(key => !keys.includes(key)))
  ),
  merge: declare('map ...map', merge(false) as never),
  mustMerge: declare('map ...map', merge(false) as never),
  mergeOverwrite: declare('map ...map', merge(true) as never),
  mustMergeOverwrite: declare('map ...map', merge(true) as never),
  dig: declare('...any', dig as never),
  deepCopy: declare('any', deepCopy),
  mustDeepCopy: declare('any', deepCopy),
  deepEqual: declare('any any', deepEqual)
}
