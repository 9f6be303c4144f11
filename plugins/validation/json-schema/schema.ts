/**
 * The schema of a configuration as a callable: any draft from 4 to 2020-12, with nothing in it that a body can slow down.
 *
 * In: the schema. Out: a function that returns why a value does not fit, or undefined. Regular expressions run on RE2, and
 * numbers are compared as the body and the configuration have them.
 */

import { readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { numberText, parseJson } from 'sluice/plugin'
import { type CompileLinear, type LinearRegExp, loadLinear } from '../../_shared/linear-regexp.js'
import { type ByteTest, compileSchema as compile, faultLines, SchemaError } from './engine/index.js'

export { SchemaError }

/**
 * Returns all faults as lines, undefined for a value that fits. `text` is the value's own when it is a number.
 * @throws Error for a value that cannot be validated: nested too deep, an exponent of more than 15 digits
 */
export type Validate = (value: unknown, text?: string) => string | undefined

/** A compiled schema. */
export interface CompiledSchema {
  readonly validate: Validate
  /**
   * The test of JSON text in UTF-8 that is known to be well-formed, generated when it is first asked for; undefined where only
   * {@link validate} can tell.
   */
  readonly byteTest: ByteTest | undefined
}

/** Returns the text of a file that a schema refers to, undefined for what is no file. @throws SchemaError */
export type ReadSchema = (uri: string) => string | undefined

/** Compiles a schema. References to files are resolved against the working directory, as in KrakenD. @throws SchemaError */
export async function compileSchema(schema: unknown, read: ReadSchema = readSchemaFile): Promise<CompiledSchema> {
  const compilePattern = shared(await loadLinear())
  const uri = pathToFileURL('schema').href
  const validator = compile(schema, { compilePattern, numberText, uri, load: found => parseSchema(found, read(found)) })
  let byteTest: ByteTest | undefined | null = null
  return {
    validate: (value, text) => {
      const faults = validator.validate(value, text)
      return faults === undefined ? undefined : faultLines(faults)
    },
    get byteTest() {
      if (byteTest === null) byteTest = validator.byteTest()
      return byteTest
    }
  }
}

/** Patterns of schemas that are shared; when they are more, all are forgotten. */
const MOST_SHARED = 1000
const PATTERNS = new Map<string, LinearRegExp>()

/** Thousands of endpoints have schemas with the same patterns. */
function shared(compilePattern: CompileLinear): (pattern: string) => LinearRegExp {
  return pattern => {
    let known = PATTERNS.get(pattern)
    if (known === undefined) {
      known = compilePattern(pattern)
      if (PATTERNS.size >= MOST_SHARED) PATTERNS.clear()
      PATTERNS.set(pattern, known)
    }
    return known
  }
}

/** Reads a schema that another one refers to; at boot only, and never over the network. */
export function readSchemaFile(uri: string): string | undefined {
  if (!uri.startsWith('file:')) return undefined
  try {
    return readFileSync(fileURLToPath(uri), 'utf8')
  } catch (cause) {
    throw new SchemaError('', `cannot read the schema ${uri}: ${(cause as Error).message}`, cause)
  }
}

function parseSchema(uri: string, text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parseJson(text)
  } catch (cause) {
    throw new SchemaError('', `the schema ${uri} is no JSON: ${(cause as Error).message}`, cause)
  }
}
