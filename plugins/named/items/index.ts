/** `sluice-items`: filters the elements of a JSON array of any size and their fields, one element at a time. */

import { items } from 'sluice/plugin'
import { isJsonType } from '../media-types.js'
import { defineMessagePlugin } from '../message-plugin.js'

type Scalar = string | number | boolean | null

interface Options {
  readonly path: string
  readonly keep?: readonly string[]
  readonly drop?: readonly string[]
  readonly where?: Readonly<Record<string, Scalar>>
  readonly where_not?: Readonly<Record<string, Scalar>>
  readonly limit?: number
  readonly max_item_length?: number
}

const fields = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 }
const conditions = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
  propertyNames: { minLength: 1 }
}

export const { HandlerRegisterer, ClientRegisterer, ModifierRegisterer } = defineMessagePlugin<Options>({
  name: 'sluice-items',
  needs: 'stream',
  wants: 'whole',
  schema: {
    type: 'object',
    properties: {
      path: { type: 'string', default: '' },
      keep: fields,
      drop: fields,
      where: conditions,
      where_not: conditions,
      limit: { type: 'integer', minimum: 0 },
      max_item_length: { type: 'integer', minimum: 1 }
    },
    additionalProperties: false
  },
  create(options) {
    if (options.keep !== undefined && options.drop !== undefined) {
      throw new Error("'keep' and 'drop' exclude each other: 'keep' drops all other fields")
    }
    const path = options.path === '' ? [] : options.path.split('.')
    const test = compileConditions(options)
    const select = compileSelection(options)
    const limit = options.limit ?? Number.POSITIVE_INFINITY
    const itemsOptions = options.max_item_length === undefined ? {} : { maxItemLength: options.max_item_length }
    return {
      response(response) {
        if (!isJsonType(response.headers.get('content-type'))) return
        let passed = 0
        const edit = (item: unknown): unknown => {
          if (passed >= limit || !test(item)) return undefined
          passed++
          return select(item)
        }
        response.body.tokens(items(path, edit, itemsOptions))
      }
    }
  }
})

type Condition = readonly [keys: readonly string[], value: Scalar, wanted: boolean]

function compileConditions({ where = {}, where_not = {} }: Options): (item: unknown) => boolean {
  const conditions: Condition[] = [
    ...Object.entries(where).map(([path, value]): Condition => [path.split('.'), value, true]),
    ...Object.entries(where_not).map(([path, value]): Condition => [path.split('.'), value, false])
  ]
  return item => {
    for (const [keys, value, wanted] of conditions) if ((valueAt(item, keys) === value) !== wanted) return false
    return true
  }
}

function valueAt(item: unknown, keys: readonly string[]): unknown {
  let value = item
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

/** Fields are deleted, not copied: the numbers of an element keep their spelling. */
function compileSelection({ keep, drop }: Options): (item: unknown) => unknown {
  if (keep === undefined && drop === undefined) return item => item
  const names = new Set(keep ?? drop)
  const kept = keep !== undefined
  return item => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    for (const name of Object.keys(item)) if (names.has(name) !== kept) delete (item as Record<string, unknown>)[name]
    return item
  }
}
