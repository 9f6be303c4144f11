/** The text of a configuration, rendered where it is a template: which format it has, and its value. */

import { isUtf8 } from 'node:buffer'
import { ConfigError, type ConfigProblem } from '../../errors.js'
import { readAdvice, readFault } from '../../files/read-fault.js'
import { parseJsonValue } from '../../message/json/exact-json.js'
import { LoopTurns } from '../../telemetry/in-turns.js'
import { copyJson, NotJsonError } from '../json-value.js'
import { readConfigBytes, STANDARD_INPUT } from './config-bytes.js'
import { type ConfigFormat, formatOf, looksLikeFormat } from './config-format.js'
import { type FlexibleFolders, flexibleFolders } from './flexible-folders.js'
import { type RepeatedKey, repeatedInJson, repeatedInYaml } from './repeated-keys.js'
import { offsetAt, type PlaceOf, placesIn } from './text-places.js'
import { faultOfTemplate, warningOfTemplate } from './unrendered.js'

/** A byte order mark. */
const MARK = '\uFEFF'

/** A text that is not parsed yet. */
interface UnparsedText {
  /** The file that was asked for; findings name it. */
  readonly file: string
  readonly format: ConfigFormat
  readonly text: string
  readonly placeOf: PlaceOf
  /** True for what a template wrote. */
  readonly rendered: boolean
  /** What rendering found, with its places. */
  readonly warnings: readonly ConfigProblem[]
}

/** A configuration's text and value. */
export interface SourceText extends UnparsedText, ParsedText {}

/** What a parser makes of a text. */
interface ParsedText {
  readonly value: unknown
  /** Keys that are passed over; TOML allows none. */
  readonly repeated: readonly RepeatedKey[]
}

/**
 * Reads and parses a file. Where `FC_ENABLE` is set in `env` the file is a template, and its text is what the template writes.
 * @throws {ConfigError} SLUICE_ERR_CONFIG_INVALID when it cannot be read or rendered, or is not well-formed, with line and column
 */
export async function readSource(file: string, env: NodeJS.ProcessEnv = {}): Promise<SourceText> {
  const folders = flexibleFolders(env)
  const unparsed = folders === undefined ? await readPlain(file) : await renderText(file, folders, env)
  if (unparsed.text.trim() === '')
    throw syntaxError(unparsed, 0, unparsed.rendered ? 'the template writes nothing' : 'the file is empty')
  const parsed = await PARSERS[unparsed.format](unparsed)
  const hint = warningOfTemplate(unparsed)
  if (hint === undefined) return { ...unparsed, ...parsed }
  return { ...unparsed, ...parsed, warnings: [{ level: 'warning', pointer: '', ...unparsed.placeOf(0), ...hint }] }
}

async function readPlain(file: string): Promise<UnparsedText> {
  let bytes: Buffer
  try {
    bytes = await readConfigBytes(file)
  } catch (cause) {
    const suggestion = readAdvice(cause)
    const message = `open ${file}: ${readFault(cause)}`
    throw new ConfigError([{ level: 'error', file, pointer: '', message, ...(suggestion === undefined ? {} : { suggestion }) }])
  }
  const decoded = bytes.toString('utf8')
  const text = decoded.startsWith(MARK) ? decoded.slice(1) : decoded
  const format = file === STANDARD_INPUT && !/^\s*[{[]/.test(text) ? 'yaml' : formatOf(file)
  const source = { file, format, text, placeOf: placesIn(file, text), rendered: false, warnings: [] }
  if (isUtf16(bytes)) throw syntaxError(source, 0, 'this is UTF-16', 'save the file as UTF-8')
  // JSON may hold bytes that are no UTF-8, as in KrakenD: they become U+FFFD.
  if (format !== 'json' && !isUtf8(bytes))
    throw syntaxError(source, invalidByte(bytes, text), 'this is no UTF-8', 'save the file as UTF-8')
  return source
}

async function renderText(file: string, folders: FlexibleFolders, env: NodeJS.ProcessEnv): Promise<UnparsedText> {
  const { renderFlexible } = await import('./flexible.js')
  const { text, out, placeOf, warnings } = await renderFlexible(file, folders, env)
  const source = { file, format: formatOf(out), text, placeOf, rendered: true, warnings }
  return text.startsWith(MARK) ? { ...source, text: text.slice(1), placeOf: offset => placeOf(offset + 1) } : source
}

/** True for a mark of UTF-16, or, without one, where a character of ASCII takes two bytes. */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes
  return (
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff) ||
    (bytes.length > 1 && (first === 0) !== (second === 0))
  )
}

/** Returns where the first byte that is no UTF-8 stands in the decoded text. */
function invalidByte(bytes: Buffer, text: string): number {
  const mark = bytes.subarray(0, 3).equals(Buffer.from(MARK)) ? 3 : 0
  for (let at = text.indexOf('\uFFFD'); at !== -1; at = text.indexOf('\uFFFD', at + 1)) {
    const offset = mark + Buffer.byteLength(text.slice(0, at))
    if (bytes.toString('latin1', offset, offset + 3) !== '\xEF\xBF\xBD') return at
  }
  return 0
}

/** Makes the error of a text that is not well-formed; `offset` is undefined where the parser tells no place. */
function syntaxError(source: UnparsedText, offset: number | undefined, message: string, suggestion?: string): ConfigError {
  const { file, warnings } = source
  const place = offset === undefined ? { file } : source.placeOf(offset)
  const unrendered = faultOfTemplate(source, offset)
  const problem = unrendered ?? { message, ...hintFor(source, otherFormat(source) ?? suggestion) }
  return new ConfigError([{ level: 'error', pointer: '', ...place, ...problem }, ...warnings])
}

/** Returns what to do about a text that has the form of another format than its extension says. */
function otherFormat({ rendered, file, format, text }: UnparsedText): string | undefined {
  const other = rendered ? undefined : looksLikeFormat(text)
  if (other === undefined || other === format || file === STANDARD_INPUT) return undefined
  return `this looks like ${other.toUpperCase()}, and the extension says ${format.toUpperCase()}: name the file with .${other}`
}

function hintFor({ rendered, file, format }: UnparsedText, suggestion: string | undefined): { suggestion?: string } {
  if (!rendered) return suggestion === undefined ? {} : { suggestion }
  const hints = suggestion === undefined ? [] : [suggestion]
  const meant = formatOf(file)
  if (format === 'json' && meant !== 'json')
    hints.push(`FC_OUT with the extension .${meant} makes the rendered text ${meant.toUpperCase()}`)
  hints.push(`\`sluice render -c ${file}\` prints what is read here`)
  return { suggestion: hints.join('; ') }
}

const PARSERS: Readonly<Record<ConfigFormat, (source: UnparsedText) => Promise<ParsedText>>> = {
  json: parseJson,
  yaml: parseYaml,
  toml: parseToml
}

/** Characters that take some milliseconds to parse: the file of a thousand endpoints. */
const LARGE_TEXT = 512 * 1024

async function parseJson(source: UnparsedText): Promise<ParsedText> {
  const turns = new LoopTurns()
  // a large one was decoded in this turn
  if (source.text.length > LARGE_TEXT) await turns.next()
  let value: unknown
  try {
    value = parseJsonValue(source.text)
  } catch (cause) {
    const { findJsonFault } = await import('./json-fault.js')
    const { offset, message, suggestion } = findJsonFault(source.text, cause as Error)
    throw syntaxError(source, offset, message, suggestion)
  }
  if (turns.isOver) await turns.next()
  return { value, repeated: await repeatedInJson(source.text, value) }
}

async function parseYaml(source: UnparsedText): Promise<ParsedText> {
  const yaml = await import('yaml')
  const document = parsedDeep(source, () => yaml.parseDocument(source.text, { uniqueKeys: false, merge: true }))
  const fault = document.errors[0]
  if (fault !== undefined && isTooDeep(fault)) throw syntaxError(source, undefined, TOO_DEEP)
  if (fault !== undefined)
    throw syntaxError(source, fault.pos[0], fault.message.split('\n')[0]!.replace(/ at line \d+.*$|; please use .*$/, ''))
  const { findYamlFault } = await import('./yaml-fault.js')
  const foreign = parsedDeep(source, () => findYamlFault(source.text, document))
  if (foreign !== undefined) throw syntaxError(source, foreign.offset, foreign.message)
  const { readNumbers } = await import('./yaml-numbers.js')
  parsedDeep(source, () => readNumbers(document))
  try {
    return { value: plain(source, document.toJS()), repeated: repeatedInYaml(yaml, document) }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw isTooDeep(cause) ? syntaxError(source, undefined, TOO_DEEP) : syntaxError(source, 0, (cause as Error).message)
  }
}

const TOO_DEEP = 'the document is nested too deeply'

const tomlMessage = (text: string): string => (/excessively nested/.test(text) ? TOO_DEEP : text.split('\n')[0]!)

/** True for what the parsers' recursion ends with. */
function isTooDeep(cause: unknown): boolean {
  return cause instanceof Error && /call stack size exceeded/.test(cause.message)
}

function parsedDeep<T>(source: UnparsedText, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw isTooDeep(cause) ? syntaxError(source, undefined, TOO_DEEP) : cause
  }
}

async function parseToml(source: UnparsedText): Promise<ParsedText> {
  const { parse, TomlError } = await import('smol-toml')
  let value: unknown
  try {
    value = parse(source.text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    throw syntaxError(source, offsetAt(source.text, cause.line, cause.column), tomlMessage(cause.message))
  }
  const { findTomlFault } = await import('./toml-fault.js')
  const fault = findTomlFault(source.text, value)
  if (fault !== undefined) throw syntaxError(source, fault.offset, fault.message)
  return { value: plain(source, value), repeated: [] }
}

function plain(source: UnparsedText, value: unknown): unknown {
  try {
    return copyJson(value)
  } catch (cause) {
    if (!(cause instanceof NotJsonError)) throw cause
    throw syntaxError(source, undefined, cause.message)
  }
}
