/** Checks options against JSON Schemas (draft 2020-12); ajv is loaded when the first schema applies. */

import { createRequire } from 'node:module'
import type { ErrorObject, ValidateFunction } from 'ajv'
import type { Ajv2020 } from 'ajv/dist/2020.js'
import { isFreeKey } from './object-reader.js'

/** One fault of a value. */
export interface Fault {
  /** JSON pointer below the value, '' for the value itself; of an unknown key: the key's own. */
  readonly pointer: string
  /** The reference tokens of the innermost value that is wrong; never those of an unknown key. */
  readonly path: readonly string[]
  readonly message: string
  /** Set when the fault is a key that the schema does not know. */
  readonly unknownKey: string | undefined
  readonly knownKeys: readonly string[]
}

/** Compiled schemas. A reload finds those of its components again: compiling them takes longer than all else that it does. */
const compiled = new WeakMap<object, ValidateFunction>()

/** Compiles schemas when they first apply. */
export class OptionSchemas {
  #ajv: Ajv2020 | undefined

  /** Returns all faults of `value`, an empty list when it fits. Keys that are free for comments are none where the schema does not know them. */
  check(schema: object, value: unknown): readonly Fault[] {
    let validate = compiled.get(schema)
    if (validate === undefined) {
      this.#ajv ??= createAjv()
      validate = this.#ajv.compile(schema)
      compiled.set(schema, validate)
    }
    if (validate(value)) return []
    return faultsOf(validate.errors ?? [])
  }
}

function createAjv(): Ajv2020 {
  const require = createRequire(import.meta.url)
  const { Ajv2020: Constructor } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
  return new Constructor({
    allErrors: true,
    strict: false,
    verbose: true,
    validateFormats: false,
    logger: false,
    // Compiling the schema of schemas takes longer than all those of components; a keyword with a value of a wrong type throws without it.
    validateSchema: false
  })
}

function faultsOf(errors: readonly ErrorObject[]): readonly Fault[] {
  const faults: Fault[] = []
  for (const error of errors) {
    // What a schema of alternatives says besides "none fits" is about the branches, not about the value.
    if (/\/(anyOf|oneOf)\/\d+\//.test(error.schemaPath) || error.keyword === 'if') continue
    const unknownKey: unknown = error.params.additionalProperty ?? error.params.unevaluatedProperty
    const base = error.instancePath
    const isUnknown = typeof unknownKey === 'string'
    if (isUnknown && isFreeKey(unknownKey)) continue
    faults.push({
      path: base
        .split('/')
        .slice(1)
        .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~')),
      pointer: isUnknown ? `${base}/${unknownKey.replaceAll('~', '~0').replaceAll('/', '~1')}` : base,
      message: textOf(error),
      unknownKey: isUnknown ? unknownKey : undefined,
      knownKeys: isUnknown ? Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {}) : []
    })
  }
  return faults
}

function textOf(error: ErrorObject): string {
  const key = error.instancePath.slice(error.instancePath.lastIndexOf('/') + 1)
  const place = key === '' ? '' : `'${key.replaceAll('~1', '/').replaceAll('~0', '~')}' `
  const allowed: unknown = error.params.allowedValues
  if (Array.isArray(allowed)) return `${place}must be one of ${allowed.map(value => JSON.stringify(value)).join(', ')}`
  if (error.keyword === 'const') return `${place}must be ${JSON.stringify(error.params.allowedValue)}`
  if (error.keyword === 'anyOf' || error.keyword === 'oneOf') {
    const wanted = (error.parentSchema as { description?: string } | undefined)?.description
    return `${place}has a form that is not allowed${wanted === undefined ? '' : `; wanted: ${wanted}`}`
  }
  return `${place}${error.message ?? error.keyword}${unquoted(error)}`
}

/** Says what was meant where a number or a switch stands in quotes. */
function unquoted({ keyword, params, data }: ErrorObject): string {
  if (keyword !== 'type' || typeof data !== 'string') return ''
  const wanted: unknown = params.type
  const isNumber = (wanted === 'number' || wanted === 'integer') && /^-?\d+(\.\d+)?$/.test(data)
  const isSwitch = wanted === 'boolean' && (data === 'true' || data === 'false')
  return isNumber || isSwitch ? `: write ${data} without quotes` : ''
}
