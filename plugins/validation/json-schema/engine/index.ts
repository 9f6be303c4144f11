/**
 * JSON Schema, drafts 4, 6, 7, 2019-09 and 2020-12.
 *
 * In: a schema as plain JSON values, and a function that tells how a number was written. Out: a validator, which returns all
 * faults of a value.
 */

import { compile } from './compiled.js'
import { DEFAULT_DRAFT, dialectOf } from './drafts.js'
import { SchemaError } from './errors.js'
import type { Fault } from './faults.js'
import { formatOf } from './formats/index.js'
import { Metaschemas } from './metaschema-check.js'
import type { Place } from './node.js'
import type { NumberText } from './numbers.js'
import { Registry } from './registry.js'
import type { Pattern } from './schema-reader.js'
import type { ByteTest } from './verdict/index.js'

export { NumberRangeError } from './decimal.js'
export { NestingError, SchemaError } from './errors.js'
export { faultLines } from './fault-text.js'
export type { Fault, Finding } from './faults.js'
export type { NumberText } from './numbers.js'
export type { ByteTest, Verdict } from './verdict/index.js'

/** What a schema is compiled with. */
export interface SchemaOptions {
  /** Compiles `pattern` and the names of `patternProperties`. @throws Error for what is no pattern */
  readonly compilePattern: (pattern: string) => Pattern
  /** How numbers of schemas and values were written. Default: as doubles print. */
  readonly numberText?: NumberText
  /** Identifier of the schema, against which its references are resolved, unless it has its own. */
  readonly uri?: string
  /** Returns the document of an identifier that the schema does not hold, undefined where there is none. */
  readonly load?: (uri: string) => unknown
}

/** A compiled schema. */
export interface Validator {
  /**
   * Returns the faults of a value, undefined when it fits. `text` is the value's own when it is a number.
   * @throws NestingError for a value nested too deep, NumberRangeError for one with an exponent that cannot be compared
   */
  validate(value: unknown, text?: string): readonly Fault[] | undefined
  /** Generates the test of JSON text, some 1 ms for a usual schema; undefined where only {@link validate} can tell. */
  byteTest(): ByteTest | undefined
}

const asPrinted: NumberText = (_container, _key, value) => String(value)

/** Compiles a schema. @throws SchemaError */
export function compileSchema(schema: unknown, options: SchemaOptions): Validator {
  const { uri = 'schema:', load = () => undefined, numberText = asPrinted, compilePattern } = options
  return orSchemaError(() => {
    const registry = new Registry(load)
    const root = registry.add(uri, schema, dialectOf(DEFAULT_DRAFT))
    const metaschemas = new Metaschemas(load, numberText, formatOf)
    const checkEntry = (place: Place): void => metaschemas.check(place, place.resource.document === root.resource.document)
    const compiled = compile(registry, root, { numberText, compilePattern, formats: formatOf, checkEntry })
    return { validate: (value, text) => compiled.run(value, numberText, text), byteTest: compiled.byteTest }
  })
}

function orSchemaError<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new SchemaError('', 'the schema is nested too deep', cause)
  }
}
