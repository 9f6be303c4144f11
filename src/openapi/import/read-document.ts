/** Reads an OpenAPI document and says by place what is wrong with it. */

import type { ErrorObject } from 'ajv'
import { isObject } from '../../config/json-value.js'
import { locator } from '../../config/source/source-places.js'
import { readSource, type SourceText } from '../../config/source/source-text.js'
import type { Json, JsonObject } from '../../config/types.js'
import { ConfigError, type ConfigProblem, GatewayError } from '../../errors.js'

const PARSER = '@seriousme/openapi-schema-validator'
/** Faults of one document that are told. */
const MOST_FAULTS = 20

/** Objects and lists that may stand within each other. */
const MOST_LEVELS = 500

/** A document that fits the specification; its references lead somewhere. */
export interface SoundDocument {
  readonly file: string
  readonly root: JsonObject
  /** True for 3.0, whose schemas are no JSON Schemas yet. */
  readonly is30: boolean
  /** Adds the line and column of a finding. */
  locate(problem: ConfigProblem): ConfigProblem
}

/** @throws ConfigError with all faults */
export async function readDocument(file: string): Promise<SoundDocument> {
  const source = await readSource(file)
  if (isTooDeep(source.value as Json)) {
    const message = `objects stand more than ${MOST_LEVELS} deep within each other`
    throw new ConfigError([{ level: 'error', file, pointer: '', message }])
  }
  const locate = await locator(source)
  const fail = (faults: readonly { pointer: string; message: string; suggestion?: string }[]): never => {
    throw new ConfigError(faults.slice(0, MOST_FAULTS).map(fault => locate({ level: 'error', file, ...fault })))
  }
  const { value } = source
  const version = isObject(value) && typeof value.openapi === 'string' ? value.openapi : ''
  if (!isObject(value) || !/^3\.[012]\.\d+/.test(version)) fail([{ pointer: '', ...versionFault(value, version) }])
  const root = value as JsonObject
  const { outwards, nowhere } = referenceFaults(root)
  const own = await faultsOf(source)
  // what an object with such a reference lacks may stand in the other document
  const away = outwards.map(({ pointer }) => pointer.slice(0, -'/$ref'.length))
  const isAway = ({ pointer }: { pointer: string }): boolean => away.some(at => `${pointer}/`.startsWith(`${at}/`))
  const faults = [...elsewhere(outwards), ...own.filter(fault => !isAway(fault)), ...nowhere]
  if (faults.length > 0) fail(faults)
  return { file, root, is30: version.startsWith('3.0'), locate }
}

function versionFault(value: unknown, version: string): { message: string; suggestion: string } {
  if (version !== '') return { message: `OpenAPI ${version} is not read`, suggestion: '3.0, 3.1 and 3.2 are' }
  if (isObject(value) && value.swagger !== undefined)
    return {
      message: 'Swagger 2.0 is not read',
      suggestion: 'convert it first: `npx swagger2openapi FILE --outfile openapi.json`'
    }
  return { message: 'this is no OpenAPI document', suggestion: 'it begins with `"openapi": "3.1.0"`' }
}

/** Looks without recursion: what comes behind it has some. */
function isTooDeep(root: Json): boolean {
  let level: Json[] = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) return true
    level = level.flatMap(one => (typeof one === 'object' && one !== null ? (Object.values(one) as Json[]) : []))
  }
  return false
}

async function faultsOf({ value }: SourceText) {
  const { Validator } = await loadParser()
  const { valid, errors } = await new Validator({ allErrors: true }).validate(structuredClone(value) as JsonObject)
  // a text is about references, which are looked at here, with their places
  if (valid || errors === undefined || typeof errors === 'string') return []
  return innermost(errors).map(({ instancePath, message = '', params }) => {
    const unknown: unknown = params.unevaluatedProperty ?? params.additionalProperty
    const pointer = typeof unknown === 'string' ? `${instancePath}/${escaped(unknown)}` : instancePath
    return { pointer, message: typeof unknown === 'string' ? `'${unknown}' does not belong here` : message }
  })
}

/** @throws GatewayError when the package is not installed */
async function loadParser(): Promise<typeof import('@seriousme/openapi-schema-validator')> {
  try {
    return await import(PARSER)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    const message = `a package is not installed that checks the document: npm install ${PARSER}`
    throw new GatewayError('SLUICE_ERR_CONFIG_INVALID', { message })
  }
}

/** Of the faults of alternatives, only those that look deepest: the others follow from them. */
function innermost(errors: readonly ErrorObject[]): ErrorObject[] {
  const telling = errors.filter(({ keyword }) => !['if', 'oneOf', 'anyOf', '$ref', 'allOf', 'not'].includes(keyword))
  const list = telling.length > 0 ? telling : [...errors]
  const deepest = list.filter(
    one =>
      !list.some(other => other !== one && other.instancePath.startsWith(`${one.instancePath}/`)) || one.keyword === 'required'
  )
  const seen = new Set<string>()
  return deepest.filter(({ instancePath, message }) => {
    const key = `${instancePath} ${message}`
    return !seen.has(key) && seen.add(key)
  })
}

export const escaped = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1')

/** A reference that cannot be followed. */
interface LostReference {
  readonly pointer: string
  readonly message: string
  readonly suggestion?: string
}

/** Those that lead to other documents, as one fault: one thing is to be done about all of them. */
function elsewhere([first, ...more]: readonly LostReference[]): LostReference[] {
  if (first === undefined) return []
  const message = more.length === 0 ? first.message : `${first.message}, and ${more.length} more do so`
  const suggestion = 'put all into one file first: `npx @redocly/cli bundle FILE -o openapi.json`'
  return [{ ...first, message, suggestion }]
}

/** Finds references that lead out of the document, or nowhere. */
function referenceFaults(root: JsonObject): { outwards: readonly LostReference[]; nowhere: readonly LostReference[] } {
  const outwards: LostReference[] = []
  const nowhere: LostReference[] = []
  const walk = (value: Json, pointer: string): void => {
    if (Array.isArray(value)) value.forEach((one, i) => void walk(one as Json, `${pointer}/${i}`))
    if (!isObject(value)) return
    const { $ref } = value as JsonObject
    if (typeof $ref === 'string') {
      if (!$ref.startsWith('#')) {
        outwards.push({ pointer: `${pointer}/$ref`, message: `the reference ${$ref} leads to another document` })
      } else if (resolvePointer(root, $ref) === undefined)
        nowhere.push({ pointer: `${pointer}/$ref`, message: `the reference ${$ref} leads nowhere` })
    }
    for (const [key, one] of Object.entries(value as JsonObject)) {
      // examples are no parts of the document
      if (key !== 'example' && key !== 'examples' && key !== 'default' && key !== 'enum' && key !== 'const')
        walk(one, `${pointer}/${escaped(key)}`)
    }
  }
  walk(root, '')
  return { outwards, nowhere }
}

/** References that may follow each other. */
const MOST_STEPS = 100

/** Returns what stands at `#/a/b`, also behind other references; undefined for nothing. Names (`#here`) are not looked for. */
export function resolvePointer(root: JsonObject, reference: string, steps = 0): Json | undefined {
  let value: Json | undefined = root
  for (const token of tokensOf(reference)) {
    const next = memberOf(value, token)
    const { $ref } = isObject(value) ? (value as JsonObject) : {}
    if (next === undefined && typeof $ref === 'string' && steps < MOST_STEPS)
      value = memberOf(resolvePointer(root, $ref, steps + 1), token)
    else value = next
    if (value === undefined) return undefined
  }
  return value
}

function tokensOf(reference: string): string[] {
  let path = reference.slice(1)
  try {
    path = decodeURIComponent(path)
  } catch {
    // a percent sign that stands for itself
  }
  return path
    .split('/')
    .slice(1)
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function memberOf(value: Json | undefined, token: string): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined
  return (value as JsonObject)[token]
}
