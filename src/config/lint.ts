/** Checks a configuration file against the published JSON Schema; stricter than loading, which also takes what KrakenD's decoder takes. */

import { readFile } from 'node:fs/promises'
import { ConfigError, type ConfigProblem } from '../errors.js'
import { isObject } from './json-value.js'
import type { NamespaceScope, NamespaceTable } from './namespaces.js'
import { isFreeKey } from './object-reader.js'
import { OptionSchemas } from './option-schemas.js'
import { substituteEnvironment } from './source/env-substitution.js'
import { locator } from './source/source-places.js'
import { readSource } from './source/source-text.js'
import { didYouMean } from './suggest.js'

/** Where the published schema lies, beside the sources as beside the built files. */
const SCHEMA_FILE = new URL('../../schema/sluice.schema.json', import.meta.url)

export interface LintOptions {
  /** Components whose option schemas are checked too. Default: none, their options may be any object or list. */
  readonly namespaces?: NamespaceTable
  /** Path of a JSON Schema (draft 2020-12) to check against instead of the published one; components are then its own affair. */
  readonly schema?: string
  /** Where `FC_*` variables and those of `env_substitution` are looked for. Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv
}

/** Reads the published schema and puts the schemas of components at the scopes where they have an effect. */
export async function configSchema(namespaces: NamespaceTable = []): Promise<object> {
  const schema = JSON.parse(await readFile(SCHEMA_FILE, 'utf8')) as { $defs: Record<string, unknown> }
  for (const entry of namespaces) {
    if (entry.schema === undefined) continue
    for (const scope of entry.scopes)
      propertiesOf(schema.$defs, scope)[entry.namespace] ??= embedded(entry.schema, entry.namespace)
  }
  return schema
}

function propertiesOf(definitions: Record<string, unknown>, scope: NamespaceScope): Record<string, unknown> {
  return (definitions[`${scope}_extra`] as { properties: Record<string, unknown> }).properties
}

/** Gives a schema its own base, so that its `#/…` references stay within it wherever it is put. */
function embedded(schema: object, namespace: string): object {
  return '$id' in schema ? schema : { $id: `sluice:/options/${namespace}`, ...schema }
}

async function readSchema(file: string): Promise<object> {
  const { value } = await readSource(file)
  if (isObject(value)) return value
  throw new ConfigError([{ level: 'error', file, pointer: '', message: 'the schema must be an object' }])
}

/**
 * Checks a file and returns all findings, an empty list when there are none. `KRAKEND_*` variables are not looked at.
 * @throws {ConfigError} SLUICE_ERR_CONFIG_INVALID when the file cannot be read or is not well-formed
 */
export async function lintConfig(file: string, options: LintOptions = {}): Promise<readonly ConfigProblem[]> {
  const env = options.env ?? process.env
  const source = await readSource(file, env)
  const { value } = source
  substituteEnvironment(value, env)
  const schema = options.schema === undefined ? await configSchema(options.namespaces) : await readSchema(options.schema)
  const faults = new OptionSchemas().check(schema, value).filter(fault => !fault.path.some(isFreeKey))
  const problems = faults.map((fault): ConfigProblem => {
    const { unknownKey } = fault
    const message = unknownKey === undefined ? fault.message : `unknown key '${unknownKey}'`
    const suggestion = unknownKey === undefined ? undefined : didYouMean(unknownKey, fault.knownKeys)
    return { level: 'error', file, pointer: fault.pointer, message, ...(suggestion === undefined ? {} : { suggestion }) }
  })
  if (!isObject(value) && problems.length === 0) problems.push({ level: 'error', file, pointer: '', message: 'must be object' })
  return problems.map(await locator(source))
}
