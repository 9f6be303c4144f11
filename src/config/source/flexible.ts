/**
 * Flexible configuration: a file that is a Go template, as KrakenD reads it when `FC_ENABLE` is set.
 *
 * In: a file and the `FC_*` variables. Out: the rendered text and, for each character of it, its place in a template. KrakenD serves on with
 * the unrendered text after a fault; here every fault stops the start, all of them at once.
 */

import { realpathSync } from 'node:fs'
import { readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ConfigError, type ConfigProblem } from '../../errors.js'
import { readFault } from '../../files/read-fault.js'
import { readMany, readWholeSync } from '../../files/read-whole.js'
import { GoFault } from '../../go-template/go-fault.js'
import { declare } from '../../go-template/go-function.js'
import { marshal } from '../../go-template/go-json.js'
import type { Output } from '../../go-template/output.js'
import { environmentFunctions } from '../../go-template/sprig/environment.js'
import { TemplateError } from '../../go-template/template-error.js'
import { TemplateSet } from '../../go-template/template-set.js'
import type { Value } from '../../go-template/value.js'
import { isObject } from '../json-value.js'
import { readConfigBytes, STANDARD_INPUT } from './config-bytes.js'
import type { FlexibleFolders } from './flexible-folders.js'
import { findJsonFault } from './json-fault.js'
import { type PlaceOf, placesIn, type SourcePlace } from './text-places.js'

export interface RenderedConfig {
  readonly text: string
  /** The file whose extension tells the format of the text; '' for JSON. */
  readonly out: string
  /** Returns file, line and column of the template that wrote the character at an offset. */
  readonly placeOf: PlaceOf
  /** Places that printed `<no value>`. */
  readonly warnings: readonly ConfigProblem[]
}

/**
 * Renders a file.
 * @param env what the functions `env` and `expandenv` see
 * @throws {ConfigError} SLUICE_ERR_CONFIG_INVALID with every fault of settings and templates, or the one that ended the execution
 */
export async function renderFlexible(
  file: string,
  folders: FlexibleFolders,
  env: NodeJS.ProcessEnv = process.env
): Promise<RenderedConfig> {
  const faults: ConfigProblem[] = []
  const main = path.basename(file)
  /** Files by the names that templates have of them. */
  const files = new Map<string, string>()
  const settings = await readSettings(folders.settings, faults)
  const set = new TemplateSet({
    ...environmentFunctions(env),
    marshal: declare('any', marshalOrNothing),
    include: declare('string', (name: string) => readPartial(folders.partials, name))
  })
  const templates: [string, string][] = [[main, file]]
  for (const name of await templatesIn(folders.templates, faults)) templates.push([name, path.join(folders.templates!, name)])
  const texts = await readMany(templates.map(([, full]) => full))
  if (file === STANDARD_INPUT) [texts[0]] = await Promise.allSettled([readConfigBytes(file)])
  for (const [index, [name, full]] of templates.entries()) {
    files.set(name, full)
    addTemplate(set, name, full, texts[index]!, faults)
  }
  if (faults.length > 0) throw new ConfigError(faults)
  const { text, output } = execute(set, main, settings, files)
  if (folders.out !== undefined) await writeWhole(folders.out, text, files)
  return {
    text,
    out: folders.out ?? '',
    placeOf: offset => placeIn(output, offset, files, file),
    warnings: warningsOf(output, files)
  }
}

function execute(
  set: TemplateSet,
  main: string,
  settings: unknown,
  files: ReadonlyMap<string, string>
): ReturnType<TemplateSet['render']> {
  try {
    return set.render(main, settings)
  } catch (error) {
    if (error instanceof TemplateError) throw new ConfigError([problemOf(error, files.get(error.file) ?? error.file)])
    throw error
  }
}

/** What cannot be written as JSON is an empty text, as in KrakenD. */
function marshalOrNothing(value: Value): Value {
  try {
    return marshal(value)
  } catch (cause) {
    if (cause instanceof GoFault) return ''
    throw cause
  }
}

/** Reads a partial. It must lie in its folder, also behind links: `../../` would read any file of the machine into a configuration. */
function readPartial(folder: string, name: string): string {
  let text: string
  try {
    const root = realpathSync(folder)
    const full = realpathSync(path.join(root, name))
    if (!full.startsWith(root.endsWith(path.sep) ? root : root + path.sep)) throw new GoFault(`${name} lies outside of ${folder}`)
    text = readWholeSync(full).toString('utf8')
  } catch (cause) {
    throw cause instanceof GoFault ? cause : new GoFault(`open ${path.join(folder, name)}: ${readFault(cause)}`)
  }
  return text
}

async function readSettings(folder: string | undefined, faults: ConfigProblem[]): Promise<Record<string, unknown>> {
  const settings: Record<string, unknown> = Object.create(null)
  if (folder === undefined) return settings
  const names = await namesIn(folder, '.json', 'FC_SETTINGS', faults)
  const texts = await readMany(names.map(name => path.join(folder, name)))
  for (const [index, name] of names.entries()) {
    const full = path.join(folder, name)
    const read = texts[index]!
    try {
      if (read.status === 'rejected') throw read.reason
      const value = parseSettings(full, read.value.toString('utf8'))
      if (!isObject(value)) throw new Error('a settings file holds one JSON object')
      settings[name.slice(0, -'.json'.length)] = value
    } catch (cause) {
      if (cause instanceof ConfigError) faults.push(...cause.problems)
      else faults.push({ level: 'error', file: full, pointer: '', message: readFault(cause) })
    }
  }
  return settings
}

function parseSettings(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const { offset, ...fault } = findJsonFault(text, cause as Error)
    throw new ConfigError([{ level: 'error', pointer: '', ...placesIn(file, text)(offset), ...fault }])
  }
}

const templatesIn = async (folder: string | undefined, faults: ConfigProblem[]): Promise<string[]> =>
  folder === undefined ? [] : namesIn(folder, '.tmpl', 'FC_TEMPLATES', faults)

/** Files of a folder with an extension, sorted; folders in it are left out. */
async function namesIn(folder: string, extension: string, variable: string, faults: ConfigProblem[]): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter(entry => !entry.isDirectory() && path.extname(entry.name) === extension)
      .map(entry => entry.name)
      .sort()
  } catch (cause) {
    faults.push({
      level: 'error',
      file: folder,
      pointer: '',
      message: `open ${folder}: ${readFault(cause)}`,
      suggestion: `${variable} names this folder`
    })
    return []
  }
}

function addTemplate(
  set: TemplateSet,
  name: string,
  file: string,
  read: PromiseSettledResult<Buffer>,
  faults: ConfigProblem[]
): void {
  try {
    if (read.status === 'rejected') throw read.reason
    set.add(name, read.value.toString('utf8'))
  } catch (cause) {
    if (cause instanceof TemplateError) faults.push(problemOf(cause, file))
    else faults.push({ level: 'error', file, pointer: '', message: `open ${file}: ${readFault(cause)}` })
  }
}

/** Writes a file in one step, so that readers see the old or the new text. It must be none of the templates. */
async function writeWhole(file: string, text: string, templates: ReadonlyMap<string, string>): Promise<void> {
  if ([...templates.values()].some(template => path.resolve(template) === path.resolve(file)))
    throw outError(file, `the rendered text would replace the template ${file}`)
  let draft: string | undefined
  try {
    const there = await stat(file).catch(() => undefined)
    // what is no file, such as /dev/stdout, would be replaced by one
    if (there !== undefined && !there.isFile()) return await writeFile(file, text)
    // a link stays one
    const target = there === undefined ? file : await realpath(file)
    draft = `${target}.${process.pid}.tmp`
    await writeFile(draft, text, { mode: 0o600 })
    await rename(draft, target)
  } catch (cause) {
    if (draft !== undefined) await rm(draft, { force: true }).catch(() => undefined)
    throw outError(file, `open ${file}: ${readFault(cause)}`)
  }
}

const outError = (file: string, message: string): ConfigError =>
  new ConfigError([{ level: 'error', file, pointer: '', message, suggestion: 'name another file by FC_OUT or --out' }])

function placeIn(output: Output, offset: number, files: ReadonlyMap<string, string>, file: string): SourcePlace {
  const place = output.placeOf(offset)
  if (place === undefined) return { file, line: 1, column: 1 }
  return { file: files.get(place.source.name) ?? place.source.name, ...place.source.positionOf(place.at) }
}

function warningsOf(output: Output, files: ReadonlyMap<string, string>): ConfigProblem[] {
  const seen = new Set<string>()
  const warnings: ConfigProblem[] = []
  for (const { source, at } of output.missingValues) {
    const place = source.positionOf(at)
    const key = `${source.name}:${at}`
    if (seen.has(key)) continue
    seen.add(key)
    const message = 'there is no value here: <no value> is printed'
    warnings.push({ level: 'warning', file: files.get(source.name) ?? source.name, pointer: '', ...place, message })
  }
  return warnings
}

const problemOf = (error: TemplateError, file: string): ConfigProblem => ({
  level: 'error',
  file,
  pointer: '',
  line: error.line,
  column: error.column,
  message: error.message
})
