/** The text of a configuration: which format it has, its value, and the place of each finding in it. */

import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Node } from 'jsonc-parser'
import { ConfigError, type ConfigProblem } from '../errors.js'
import { parseJsonValue } from '../message/json-value.js'
import { copyJson, NotJsonError } from './json-value.js'

export type ConfigFormat = 'json' | 'yaml' | 'toml'

/** A configuration's text and value. */
export interface SourceText {
  readonly file: string
  readonly format: ConfigFormat
  readonly text: string
  readonly value: unknown
}

/** Chooses the format by the file's extension; whatever is not YAML or TOML is JSON. */
export function formatOf(file: string): ConfigFormat {
  const extension = extname(file).toLowerCase()
  if (extension === '.yml' || extension === '.yaml') return 'yaml'
  return extension === '.toml' ? 'toml' : 'json'
}

/**
 * Reads and parses a file.
 * @throws {ConfigError} SLUICE_ERR_CONFIG_INVALID when it cannot be read or is not well-formed, with line and column
 */
export async function readSource(file: string): Promise<SourceText> {
  const format = formatOf(file)
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    const reason =
      code === 'ENOENT' ? 'no such file or directory' : code === 'EACCES' ? 'permission denied' : (cause as Error).message
    throw syntaxError(file, undefined, `open ${file}: ${reason}`)
  }
  const text = decode(file, format, bytes)
  const value =
    format === 'json'
      ? await parseJson(file, text)
      : format === 'yaml'
        ? await parseYaml(file, text)
        : await parseToml(file, text)
  return { file, format, text, value }
}

function syntaxError(
  file: string,
  place: { line: number; column: number } | undefined,
  message: string,
  suggestion?: string
): ConfigError {
  return new ConfigError([
    { level: 'error', file, pointer: '', ...place, message, ...(suggestion === undefined ? {} : { suggestion }) }
  ])
}

/** Answers the 1-based line and column of an offset. */
function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let start = 0
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) {
    line++
    start = i + 1
  }
  return { line, column: offset - start + 1 }
}

/** Decodes a file without its byte order mark. JSON may hold bytes that are no UTF-8, as in KrakenD: they become U+FFFD. */
function decode(file: string, format: ConfigFormat, bytes: Buffer): string {
  const text = bytes.toString('utf8')
  if (format !== 'json' && !isUtf8(bytes)) {
    let at = text.indexOf('\uFFFD')
    for (; at !== -1; at = text.indexOf('\uFFFD', at + 1)) {
      const offset = Buffer.byteLength(text.slice(0, at))
      if (bytes.toString('latin1', offset, offset + 3) !== '\xEF\xBF\xBD') break
    }
    throw syntaxError(file, placeOf(text, Math.max(0, at)), 'this is no UTF-8', 'save the file as UTF-8')
  }
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

async function parseJson(file: string, text: string): Promise<unknown> {
  try {
    return parseJsonValue(text)
  } catch (cause) {
    const { findJsonFault } = await import('./json-fault.js')
    const { offset, message, suggestion } = findJsonFault(text, cause as Error)
    throw syntaxError(file, placeOf(text, offset), message, suggestion)
  }
}

async function parseYaml(file: string, text: string): Promise<unknown> {
  const yaml = await import('yaml')
  const document = yaml.parseDocument(text, { uniqueKeys: false, merge: true })
  const fault = document.errors[0]
  if (fault !== undefined)
    throw syntaxError(
      file,
      placeOf(text, fault.pos[0]),
      fault.message.split('\n')[0]!.replace(/ at line \d+.*$|; please use .*$/, '')
    )
  const { findYamlFault } = await import('./yaml-fault.js')
  const foreign = findYamlFault(text, document)
  if (foreign !== undefined) throw syntaxError(file, placeOf(text, foreign.offset), foreign.message)
  try {
    return plain(file, document.toJS())
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw syntaxError(file, { line: 1, column: 1 }, (cause as Error).message)
  }
}

async function parseToml(file: string, text: string): Promise<unknown> {
  const { parse, TomlError } = await import('smol-toml')
  let value: unknown
  try {
    value = parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    throw syntaxError(file, { line: cause.line, column: cause.column }, cause.message.split('\n')[0]!)
  }
  const { findTomlFault } = await import('./toml-fault.js')
  const fault = findTomlFault(text, value)
  if (fault !== undefined) throw syntaxError(file, placeOf(text, fault.offset), fault.message)
  return plain(file, value)
}

function plain(file: string, value: unknown): unknown {
  try {
    return copyJson(value)
  } catch (cause) {
    if (!(cause instanceof NotJsonError)) throw cause
    throw syntaxError(file, undefined, cause.message)
  }
}

/** Adds line and column to a finding; where nothing stands at the pointer, the place of what holds it. */
export type Locator = (problem: ConfigProblem) => ConfigProblem

/** Makes the locator of a text. TOML has no places. */
export async function locator(source: SourceText): Promise<Locator> {
  if (source.format === 'toml') return problem => problem
  let offsets: Offsets | undefined
  const open = source.format === 'json' ? await jsonOffsets(source.text) : await yamlOffsets(source.text)
  return problem => {
    offsets ??= open()
    const path = problem.pointer
      .split('/')
      .slice(1)
      .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    const offset = offsets(path)
    return offset === undefined ? problem : { ...problem, ...placeOf(source.text, offset) }
  }
}

type Offsets = (path: readonly string[]) => number | undefined

async function jsonOffsets(text: string): Promise<() => Offsets> {
  const { parseTree } = await import('jsonc-parser')
  return () => findInJson(parseTree(text))
}

function findInJson(root: Node | undefined): Offsets {
  return path => {
    let node = root
    let offset = root?.offset
    for (const token of path) {
      // The last of several equal keys counts, as in JSON.parse.
      const property =
        node?.type === 'object' ? node.children?.findLast(child => child.children?.[0]?.value === token) : undefined
      const next = node?.type === 'array' ? node.children?.[Number(token)] : property?.children?.[1]
      if (next === undefined) break
      offset = property?.offset ?? next.offset
      node = next
    }
    return offset
  }
}

async function yamlOffsets(text: string): Promise<() => Offsets> {
  const yaml = await import('yaml')
  return () => findInYaml(yaml, text)
}

function findInYaml({ parseDocument, isMap, isSeq, isScalar, isNode, isAlias }: typeof import('yaml'), text: string): Offsets {
  const document = parseDocument(text, { uniqueKeys: false })
  return path => {
    let node: unknown = document.contents
    let offset = isNode(node) ? node.range?.[0] : undefined
    for (const token of path) {
      if (isAlias(node)) node = node.resolve(document)
      if (isMap(node)) {
        const pair = node.items.findLast(item => isScalar(item.key) && String(item.key.value) === token)
        if (pair === undefined) break
        offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset
        node = pair.value
      } else if (isSeq(node)) {
        node = node.items[Number(token)]
        if (!isNode(node)) break
        offset = node.range?.[0] ?? offset
      } else break
    }
    return offset
  }
}
