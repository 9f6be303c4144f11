/**
 * The configuration room: text in, one deeply frozen {@link ServiceConfig} out.
 *
 * In: a file (JSON, YAML, TOML) or an object, the environment, and the table of namespaces that the gateway honours.
 * Out: every default, inheritance, unit and path form resolved, so that no other room looks at the text again.
 * All findings come at once, each with file, JSON pointer, line and column. What stops a load and what a tolerant load
 * goes on with is decided here, by the severity of each finding (`findings.ts`). Runs at boot only.
 */

import { ConfigError, type ConfigProblem } from '../errors.js'
import { atOnce, inTurns, type Steps } from '../telemetry/in-turns.js'
import { overrideFromEnvironment } from './environment.js'
import { Findings, pointerTo } from './findings.js'
import { goType } from './go-type.js'
import { copyJson, deepFreeze, isObject, NotJsonError } from './json-value.js'
import { readService } from './keys/service-keys.js'
import type { NamespaceTable } from './namespaces.js'
import { substituteEnvironment } from './source/env-substitution.js'
import { type Locator, locator } from './source/source-places.js'
import { readSource, type SourceText } from './source/source-text.js'
import type { ServiceConfig } from './types.js'

/** How to load a configuration. */
export interface LoadOptions {
  /** Start wherever KrakenD would: leave out what cannot be honoured. Default false. */
  readonly tolerant?: boolean
  /** Where `KRAKEND_*` variables are looked for. Default: `process.env` for files, none for objects. */
  readonly env?: NodeJS.ProcessEnv
  /** Wins over file and environment; 0 lets the system choose. Default: the file's. */
  readonly port?: number
  /** Turns the debug endpoint on. Default false. */
  readonly debug?: boolean
  /** The namespaces of shipped and added components; those of the core are always known. */
  readonly namespaces: NamespaceTable
  /** Names of encodings that code adds to those of the gateway. Default: none. */
  readonly encodings?: ReadonlySet<string>
}

/** How an object without a file is named in findings. */
const OBJECT_SOURCE = '(object)'

/**
 * What came of reading a configuration. Later phases of the start add what they find; {@link LoadedConfig.conclude} tells all
 * of it at once.
 */
export class LoadedConfig {
  /** Frozen; its problems are those of reading. Undefined when the document is no object. */
  readonly config: ServiceConfig | undefined
  /** The root object that was read: rendered, with variables filled in. Undefined when the document is no object of version 3. */
  readonly root: Readonly<Record<string, unknown>> | undefined
  readonly findings: Findings
  readonly #place: Locator | undefined

  constructor(read: ReadService | undefined, findings: Findings, place: Locator | undefined) {
    const problems = findings.problems.map(problem => place?.(problem) ?? problem)
    this.config = read && deepFreeze({ ...read.config, problems })
    this.root = read?.root
    this.findings = findings
    this.#place = place
  }

  /** Adds file, line and column to a finding of a later phase. */
  locate(problem: ConfigProblem): ConfigProblem {
    return this.#place?.(problem) ?? problem
  }

  /** Returns the configuration with everything that was found. @throws ConfigError when something of it stops the start */
  conclude(): ServiceConfig {
    const { config, findings } = this
    const problems = findings.problems.map(problem => this.locate(problem))
    if (config === undefined || findings.stopped) throw new ConfigError(problems)
    return deepFreeze({ ...config, problems })
  }
}

/** A configuration that is parsed and not read yet. */
export interface ConfigDocument {
  readonly value: unknown
  /** Undefined for an object. */
  readonly source: SourceText | undefined
}

/**
 * Opens a configuration file. The format follows the extension: `.yml`, `.yaml`, `.toml`, else JSON. With `FC_ENABLE` it is a template.
 * @throws {ConfigError} SLUICE_ERR_CONFIG_INVALID when it cannot be read or is not well-formed
 */
export async function openConfigFile(file: string, env: NodeJS.ProcessEnv): Promise<ConfigDocument> {
  const source = await readSource(file, env)
  return { value: source.value, source }
}

/** Opens a configuration that is an object, which is copied. @throws {ConfigError} when it holds what is no JSON */
export function openConfigObject(object: unknown): ConfigDocument {
  try {
    return { value: copyJson(object), source: undefined }
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(OBJECT_SOURCE)
    if (!(error instanceof NotJsonError)) throw error
    const pointer = error.pointer.reduce<string>((parent, token) => pointerTo(parent, token), '')
    throw new ConfigError([{ level: 'error', file: OBJECT_SOURCE, pointer, message: error.message }])
  }
}

/** Reads an opened configuration, which is used up, in turns with what the process does beside it. */
export async function readDocument(document: ConfigDocument, options: LoadOptions): Promise<LoadedConfig> {
  const { source } = document
  try {
    return await inTurns(readSteps(document, options, source === undefined ? undefined : await locator(source)))
  } catch (error) {
    throw error instanceof RangeError ? tooDeep(fileOf(document)) : error
  }
}

function* readSteps(document: ConfigDocument, options: LoadOptions, place: Locator | undefined): Steps<LoadedConfig> {
  const { value, source } = document
  const env = options.env ?? (source === undefined ? {} : process.env)
  const findings = new Findings(fileOf(document), options.tolerant ?? false)
  if (source !== undefined) findSource(source, findings)
  return new LoadedConfig(yield* build(value, options, env, findings), findings, place)
}

/** Adds what was found in the text. A key that is passed over stops a start when what protects is lost with it. */
function findSource(source: SourceText, findings: Findings): void {
  for (const warning of source.warnings) findings.take(warning, false)
  for (const { key, pointer, offset, countsAt, lost } of source.repeated) {
    const level = lost.length > 0 ? 'error' : 'warning'
    const place = source.placeOf(offset)
    const counts = source.placeOf(countsAt)
    const where = `${counts.file === place.file ? '' : `${counts.file}, `}line ${counts.line}, column ${counts.column}`
    const loss = lost.length === 0 ? '' : `; ${lost.join(', ')} is lost with it`
    const message = `'${key}' stands twice in this object, and the one at ${where} counts${loss}`
    findings.take({ level, pointer, ...place, message, suggestion: 'keep one of them' }, findings.tolerant)
  }
}

/** How findings name it. */
const fileOf = ({ source }: ConfigDocument): string => source?.file ?? OBJECT_SOURCE

/** Opens and reads a configuration file. @throws {ConfigError} when it cannot be opened */
export async function readConfigFile(file: string, options: LoadOptions): Promise<LoadedConfig> {
  return readDocument(await openConfigFile(file, options.env ?? process.env), options)
}

/** Opens and reads a configuration that is an object, which is copied. @throws {ConfigError} when it cannot be opened */
export function readConfigObject(object: unknown, options: LoadOptions): LoadedConfig {
  try {
    return atOnce(readSteps(openConfigObject(object), options, undefined))
  } catch (error) {
    throw error instanceof RangeError ? tooDeep(OBJECT_SOURCE) : error
  }
}

/** Thousands of levels: no configuration, and more than a stack holds. */
function tooDeep(file: string): ConfigError {
  return new ConfigError([{ level: 'error', file, pointer: '', message: 'the document is nested too deeply' }])
}

interface ReadService {
  readonly config: ServiceConfig
  readonly root: Record<string, unknown>
}

function* build(
  value: unknown,
  options: LoadOptions,
  env: NodeJS.ProcessEnv,
  findings: Findings
): Steps<ReadService | undefined> {
  if (!isObject(value)) {
    const message = `cannot unmarshal ${Array.isArray(value) ? 'array' : goType(value)} into a configuration`
    findings.add('fatal', '', message, 'the document must be an object')
    return undefined
  }
  const older = olderVersion(value)
  if (older !== undefined) {
    const message = `unsupported version: ${older} (want: 3)`
    findings.add('fatal', '/version', message, '`sluice migrate FILE` prints the file as version 3')
    return undefined
  }
  for (const fault of substituteEnvironment(value, env)) findings.unread(fault.pointer, fault.message, fault.suggestion)
  const { root, ignored } = overrideFromEnvironment(value, env)
  const config = yield* readService(root, {
    source: findings.file,
    port: options.port,
    debug: options.debug ?? false,
    namespaces: options.namespaces,
    encodings: options.encodings ?? new Set(),
    ignoredEnv: ignored,
    findings
  })
  return { config, root }
}

/** Returns 1 or 2 for a file of KrakenD's earlier versions: all other findings would be about the same thing. */
function olderVersion({ version }: Record<string, unknown>): number | undefined {
  const number = Number(version)
  return (typeof version === 'number' || typeof version === 'string') && (number === 1 || number === 2) ? number : undefined
}
