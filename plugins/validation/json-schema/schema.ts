/**
 * A JSON Schema as a callable: any draft from 4 to 2020-12, on ajv, with nothing in it that a body can slow down.
 *
 * In: the schema. Out: a function that answers why a value does not fit, or undefined. Regular expressions run on RE2,
 * `uniqueItems` compares by hash, and validation ends at the first fault.
 */

import type { Ajv, ErrorObject, Options } from 'ajv'
import { type CompileLinear, type LinearRegExp, loadLinear } from '../linear-regexp.js'
import { firstRepeat } from './unique-items.js'

/** Answers the first fault, undefined for a value that fits. @throws RangeError for a value nested too deep */
export type Validate = (value: unknown) => ErrorObject | undefined

/** A schema that cannot be used. */
export class SchemaError extends Error {
  /** JSON pointer within the schema, '' for the whole. */
  readonly pointer: string

  constructor(pointer: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.pointer = pointer
  }
}

/** Draft by `$schema`, without scheme and trailing `#`; none means 2020-12, as in KrakenD. */
const DRAFTS: ReadonlyMap<string, (options: Options) => Promise<Ajv>> = new Map([
  ['json-schema.org/draft-04/schema', async options => new (await import('ajv-draft-04')).default.default(options) as Ajv],
  ['json-schema.org/draft-06/schema', openDraft6],
  ['json-schema.org/draft-07/schema', openDraft7],
  ['json-schema.org/draft/2019-09/schema', async options => new (await import('ajv/dist/2019.js')).Ajv2019(options)],
  ['json-schema.org/draft/2020-12/schema', async options => new (await import('ajv/dist/2020.js')).Ajv2020(options)]
])

const DEFAULT_DRAFT = 'json-schema.org/draft/2020-12/schema'

async function openDraft7(options: Options): Promise<Ajv> {
  return new (await import('ajv')).Ajv(options)
}

async function openDraft6(options: Options): Promise<Ajv> {
  const ajv = await openDraft7(options)
  const { createRequire } = await import('node:module')
  ajv.addMetaSchema(createRequire(import.meta.url)('ajv/dist/refs/json-schema-draft-06.json'))
  return ajv
}

/** Compiles a schema. @throws SchemaError */
export async function compileSchema(schema: unknown): Promise<Validate> {
  const linear = await loadLinear()
  const ajv = await openDraft(schema)({
    strict: false,
    allErrors: false,
    verbose: true,
    ownProperties: true,
    multipleOfPrecision: 10,
    logger: false,
    code: { regExp: Object.assign((pattern: string) => linear(pattern), { code: 'linear' }) }
  })
  await addFormats(ajv, linear)
  replaceUniqueItems(ajv)
  // a copy without the frozen, null-prototype objects of a configuration
  const own = JSON.parse(JSON.stringify(schema)) as object | boolean
  if (ajv.validateSchema(own) !== true) {
    const fault = ajv.errors?.[0]
    throw new SchemaError(fault?.instancePath ?? '', `not a valid JSON Schema: ${fault?.message ?? 'unknown fault'}`)
  }
  let validate: ReturnType<Ajv['compile']>
  try {
    validate = ajv.compile(own)
  } catch (cause) {
    throw new SchemaError('', (cause as Error).message, cause)
  }
  return value => (validate(value) ? undefined : validate.errors?.[0])
}

function openDraft(schema: unknown): (options: Options) => Promise<Ajv> {
  const named = typeof schema === 'object' && schema !== null ? (schema as { $schema?: unknown }).$schema : undefined
  const draft = typeof named === 'string' && named !== '' ? named.replace(/^https?:\/\//, '').replace(/#$/, '') : DEFAULT_DRAFT
  const open = DRAFTS.get(draft)
  if (open === undefined) throw new SchemaError('/$schema', `${String(named)} is not a known draft (draft-04 to 2020-12)`)
  return open
}

/** Longest text, in characters, for the formats with look-ahead (duration, hostname, url), which RE2 cannot run. */
const MAX_BACKTRACKED = 1000

/** Formats of ajv-formats; those that are regular expressions run on RE2 too. */
async function addFormats(ajv: Ajv, linear: CompileLinear): Promise<void> {
  const formats = (await import('ajv-formats')).default
  formats.default(ajv as never)
  for (const [name, format] of Object.entries(ajv.formats)) {
    if (format instanceof RegExp) ajv.addFormat(name, { validate: formatTest(format, linear) })
  }
}

function formatTest(format: RegExp, linear: CompileLinear): (text: string) => boolean {
  if (format.source.includes('(?!') || format.source.includes('(?=')) {
    return text => text.length <= MAX_BACKTRACKED && format.test(text)
  }
  let tested: LinearRegExp | undefined
  return text => {
    tested ??= linear(format.flags.includes('i') ? `(?i)${format.source}` : format.source)
    return tested.test(text)
  }
}

/** ajv's own keyword compares every object with every other one. */
function replaceUniqueItems(ajv: Ajv): void {
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    errors: true,
    compile: (wanted: boolean) => {
      const check: { (items: unknown[]): boolean; errors?: Partial<ErrorObject>[] } = items => {
        const repeat = wanted ? firstRepeat(items) : undefined
        if (repeat === undefined) return true
        check.errors = [{ keyword: 'uniqueItems', params: { i: repeat[0], j: repeat[1] }, message: 'items must be unique' }]
        return false
      }
      return check
    }
  })
}
