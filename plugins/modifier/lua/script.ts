/**
 * A script of one mount: its sources and scripts, compiled once, or anew when a live source has changed.
 *
 * In: options, at boot. Out: runs, one per request, with `sources`, `pre` and `post` over the same globals. What cannot be compiled is
 * told at boot; in tolerant mode each run fails where KrakenD's would.
 */

import type { ComponentContext, GatewayRequest } from 'sluice/plugin'
import { compileLua, type LuaSource, LuaSyntaxError } from './engine/index.js'
import { customError, type ScriptFailure } from './failure.js'
import { httpType } from './http-response.js'
import { listType, nilType, tableType } from './json-values.js'
import type { ScriptOptions } from './options.js'
import { contextType, requestType } from './request-objects.js'
import { responseType } from './response-object.js'
import { ScriptCounts } from './script-counts.js'
import { type Compiled, ended, PARTS, type Part, placeIn, ScriptRun } from './script-run.js'
import { firstColumn, JoinedSources, md5Of, readSources, SourceFault } from './sources.js'
import { type Mount, ScriptState } from './state.js'

const SHARED = {
  luaTable: tableType.table,
  luaList: listType.table,
  luaNil: nilType.table,
  http_response: httpType.table,
  custom_error: customError
}
const OF_ENDPOINTS = { ...SHARED, ctx: contextType.table }
const OF_CALLS = { ...SHARED, request: requestType.table, response: responseType.table }

/** Names of helpers. KrakenD sets them anew before each chunk. */
const HELPERS = Object.keys({ ...OF_ENDPOINTS, ...OF_CALLS }).filter(name => name !== 'response')

/** Helpers that a text may write. */
const writtenIn = (text: string): string[] =>
  HELPERS.filter(name => new RegExp(`\\b${name}\\s*(?:,[^;\n]*)?=(?!=)|function\\s+${name}\\b`).test(text))

/** Code that the text does not show. */
const LOADS = /(?<![.:]\s*)\b(?:load|loadstring|loadfile|dofile|require|_G|getfenv)\b/
/** `body` is named where nothing is written to it. */
const READS_BODY = /\bbody\b(?!\s*\(\s*[^)\s])/

/** What a script reads of bodies. */
export interface Reads {
  readonly body: boolean
  readonly data: boolean
}

export class Script {
  readonly options: ScriptOptions
  private readonly counts = new ScriptCounts()
  private readonly mount: Mount
  /** Read anew for each request when sources are live. */
  private compiled: Compiled
  private readonly broken: ScriptFailure | undefined
  private readonly reads: ReadonlyMap<Part, Reads>

  private constructor(options: ScriptOptions, mount: Mount, compiled: Compiled, broken: ScriptFailure | undefined) {
    this.options = options
    this.mount = mount
    this.compiled = compiled
    this.broken = broken
    const sources = options.live ? 'require' : compiled.sources.text
    this.reads = new Map(
      PARTS.map(part => [part, readsOf(part === 'sources' ? '' : `${sources}\n${options[part]}`, options[part as 'pre'])])
    )
  }

  /** Compiles the script of a mount; faults are told to `context`. */
  static async load(options: ScriptOptions, mount: Mount, context: ComponentContext): Promise<Script> {
    let sources = new JoinedSources([])
    let broken: ScriptFailure | undefined
    for (const file of options.live ? [] : options.sources) context.reads(file)
    try {
      sources = await readSources(options.sources)
    } catch (cause) {
      if (!(cause instanceof SourceFault)) throw cause
      const reason = (cause.cause as Error).message
      if (options.live) context.report(`/sources/${cause.index}`, `cannot be read: ${reason}`, 'warning')
      else {
        context.report(`/sources/${cause.index}`, `cannot be read: ${reason}`)
        broken = plain(cause.message)
      }
    }
    if (!options.live && broken === undefined) broken = await checkSums(options, context)
    const compiled = compile(sources, options, mount, (pointer, message) => context.report(pointer, message))
    const script = new Script(options, mount, compiled, broken)
    if (!script.isEmpty) script.counts.offer(context)
    return script
  }

  /** Whether nothing is to be run. */
  get isEmpty(): boolean {
    const { sources, pre, post, skipNext } = this.options
    return sources.length === 0 && isBlank(pre) && isBlank(post) && !skipNext
  }

  has(part: 'pre' | 'post'): boolean {
    return !isBlank(this.options[part])
  }

  readsOf(part: 'pre' | 'post'): Reads {
    return this.reads.get(part)!
  }

  /** Begins a run; a promise where sources are live. */
  begin(request: GatewayRequest): ScriptRun | Promise<ScriptRun> {
    const { counts } = this
    counts.runs++
    if (this.broken !== undefined) throw ended(counts, this.broken, undefined)
    const state = new ScriptState(this.mount, request)
    if (!this.options.live || this.options.sources.length === 0) return new ScriptRun(this.compiled, state, counts)
    return this.refreshed().then(compiled => new ScriptRun(compiled, state, counts))
  }

  private async refreshed(): Promise<Compiled> {
    let sources: JoinedSources
    try {
      sources = await readSources(this.options.sources)
    } catch (cause) {
      throw cause instanceof SourceFault ? ended(this.counts, plain(cause.message), cause) : cause
    }
    if (sources.text !== this.compiled.sources.text) this.compiled = compile(sources, this.options, this.mount, () => {})
    return this.compiled
  }
}

const isBlank = (text: string): boolean => text.trim() === ''

const plain = (message: string): ScriptFailure => ({ message, status: undefined, contentType: undefined, limit: undefined })

function readsOf(all: string, own: string): Reads {
  const hidden = LOADS.test(all)
  return { body: hidden || READS_BODY.test(all), data: (hidden || /\bdata\b/.test(all)) && !isBlank(own) }
}

/** Returns why the script may not run, when a sum is wrong. */
async function checkSums({ md5, sources }: ScriptOptions, context: ComponentContext): Promise<ScriptFailure | undefined> {
  let broken: ScriptFailure | undefined
  for (const [file, sum] of md5) {
    const found = await md5Of(file, sources)
    if (found === sum) continue
    const pointer = `/md5/${file.replaceAll('~', '~0').replaceAll('/', '~1')}`
    context.report(pointer, `${file} has the sum ${found}, not ${sum}`)
    broken = plain(`lua: wrong md5 of ${file}`)
  }
  return broken
}

type Report = (pointer: string, message: string) => void

/** A part that cannot be compiled is told, and fails when it is run. */
function compile(sources: JoinedSources, options: ScriptOptions, mount: Mount, report: Report): Compiled {
  const texts = new Map<Part, string>([
    ['sources', sources.text],
    ['pre', options.pre],
    ['post', mount.scope === 'proxy' || mount.scope === 'backend' ? options.post : '']
  ])
  const faults = new Map<Part, ScriptFailure>()
  const globals = mount.scope === 'proxy' || mount.scope === 'backend' ? OF_CALLS : OF_ENDPOINTS
  for (;;) {
    const parts = new Map<LuaSource, Part>(PARTS.map(part => [{ text: texts.get(part)!, label: part }, part]))
    try {
      const libraries = options.openLibraries ? 'open' : 'closed'
      const program = compileLua([...parts.keys()], { libraries, globals, limits: options.limits })
      const blank = new Set(PARTS.filter(part => isBlank(texts.get(part)!)))
      return { program, sources, faults, parts, renewed: writtenIn([...texts.values()].join('\n')), blank }
    } catch (error) {
      const part =
        error instanceof LuaSyntaxError && error.source !== undefined ? parts.get(error.source as LuaSource) : undefined
      if (!(error instanceof LuaSyntaxError) || part === undefined) throw error
      const place = placeIn(part, error.line, sources)
      faults.set(part, plain(`${error.reason.replace(/^(.*) near (.*)$/, '$2: $1')} (${place.name}:L${place.line})`))
      const column = error.column === 0 ? '' : `:${firstColumn(error, texts.get(part)!)}`
      report(part === 'sources' ? '/sources' : `/${part}`, `${place.file}:${place.line}${column}: ${error.reason}`)
      texts.set(part, '')
    }
  }
}
