/**
 * Where a script is: read from JavaScript's own stack, so that running code pays nothing for it. Generated code stands in files named
 * `lua:N`; every operation that can fail has a line of its own there, and the chunk's map tells its Lua line.
 */

import { vm } from '../vm.js'

/** A place in generated code that can fail. */
export interface Mark {
  readonly line: number
  /** Name of what is called here, as gopher-lua puts it into messages. */
  readonly name: string | undefined
  /** Line in which the function begins that this stands in. */
  readonly defined: number
  /** The entry of a function: what fails here fails at the caller. */
  readonly entry?: boolean
}

/** What is known of one compiled chunk. */
export interface ChunkMap {
  readonly chunkName: string
  /** By line of the generated code. */
  readonly marks: readonly Mark[]
  /** The source of the program, absent for what a script loaded itself. */
  readonly source: object | undefined
}

export interface Frame {
  /** `lua` for a function of a script, `host` for one of a library or host. */
  readonly kind: 'lua' | 'host'
  readonly map?: ChunkMap
  readonly mark?: Mark
  /** Whether this is the body of a chunk. */
  readonly main?: boolean
}

const FILE_PREFIX = 'lua:'
/** Functions of libraries and hosts carry this before their name. */
export const HOST_PREFIX = 'G:'
/** Where a coroutine or run begins: frames below are none of the script's. */
export const BOUNDARY = 'B:'

const chunks = new Map<string, WeakRef<ChunkMap>>()
const forgotten = new FinalizationRegistry<string>(file => chunks.delete(file))
let count = 0

export function nextFile(): string {
  return FILE_PREFIX + ++count
}

/** Makes the map known; `compile.ts` keeps it alive with the code it describes. */
export function registerChunk(file: string, map: ChunkMap): void {
  chunks.set(file, new WeakRef(map))
  forgotten.register(map, file)
}

const keep = (_error: Error, sites: NodeJS.CallSite[]): NodeJS.CallSite[] => sites

function capture(limit: number): NodeJS.CallSite[] {
  const holder: { stack?: unknown } = {}
  const { prepareStackTrace, stackTraceLimit } = Error
  // reading a stack is expensive: a script that makes errors in a loop pays for it
  vm.fuel -= 400
  try {
    Error.stackTraceLimit = limit
    Error.prepareStackTrace = keep
    Error.captureStackTrace(holder, capture)
    const sites = holder.stack
    if (!Array.isArray(sites)) return []
    vm.fuel -= 8 * sites.length
    return sites as NodeJS.CallSite[]
  } catch {
    // at the end of JavaScript's stack there is no room to look at it
    return []
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    Error.prepareStackTrace = prepareStackTrace as never
  }
}

/**
 * The frames of the running coroutine or chunk, innermost first, at most `limit` JavaScript frames deep. `untilLua`: no further than the first
 * frame of the script, which is all that most errors need.
 */
function frames(limit: number, untilLua = false): Frame[] {
  const result: Frame[] = []
  for (const site of capture(limit)) {
    const file = site.getFileName()
    if (typeof file === 'string' && file.startsWith(FILE_PREFIX)) {
      const map = chunks.get(file)?.deref()
      const mark = map?.marks[(site.getLineNumber() ?? 1) - 1]
      if (map === undefined || mark === undefined || mark.entry === true) continue
      result.push({ kind: 'lua', map, mark, main: site.getFunctionName() === 'main' })
      if (untilLua) break
      continue
    }
    const name = site.getFunctionName()
    if (name === null) continue
    if (name.startsWith(BOUNDARY)) break
    if (name.startsWith(HOST_PREFIX)) result.push({ kind: 'host' })
  }
  return result
}

/** `chunk:line:` of the frame at a level (0 is the function that runs), the next Lua function's when that is a library's; undefined beyond the stack. */
export function position(level: number): { text: string; map: ChunkMap; line: number } | undefined {
  const stack = level === 0 ? frames(10, true) : frames(1200)
  for (let i = level; i < stack.length; i++) {
    const { map, mark } = stack[i]!
    if (map !== undefined && mark !== undefined) return { text: `${map.chunkName}:${mark.line}:`, map, line: mark.line }
  }
  return level === 0 ? deepPosition() : undefined
}

/** Library functions that call each other may stand many frames above the script. */
function deepPosition(): { text: string; map: ChunkMap; line: number } | undefined {
  const found = frames(20_000, true).find(frame => frame.kind === 'lua')
  if (found?.map === undefined || found.mark === undefined) return undefined
  return { text: `${found.map.chunkName}:${found.mark.line}:`, map: found.map, line: found.mark.line }
}

/** Name of the running library function at the place of its call, as `bad argument` messages say it. */
export function calledName(): string {
  let stack = frames(10, true)
  if (stack.at(-1)?.kind !== 'lua') stack = frames(1200, true)
  // the function itself, then who called it
  const caller = stack[0]?.kind === 'host' ? stack[1] : stack[0]
  return caller?.mark?.name ?? '(anonymous)'
}

/** gopher-lua's stack traceback, without the innermost `level` frames. */
export function traceback(level = 0): string {
  const stack = frames(1200)
  const lines = stack.map((frame, i) => {
    const caller = stack[i + 1]
    const name = frame.main === true ? 'main chunk' : caller === undefined ? outermost(frame) : functionName(frame, caller)
    return frame.kind === 'lua' ? `\t${frame.map!.chunkName}:${frame.mark!.line}: in ${name}` : `\t[G]: in ${name}`
  })
  lines.push('\t[G]: ?')
  lines.splice(0, Math.max(level, 0))
  const shown = lines.length > 20 ? [...lines.slice(0, 7), '\t...', ...lines.slice(-7)] : lines
  return ['stack traceback:', ...shown].join('\n')
}

/** The outermost frame of a coroutine, in gopher-lua's spelling. */
function outermost(frame: Frame): string {
  return vm.coroutine === undefined ? functionName(frame, undefined) : 'corountine'
}

function functionName({ map, mark }: Frame, caller: Frame | undefined): string {
  const name = caller?.mark?.name
  if (mark === undefined) return name === undefined || name.startsWith('(') ? 'function (anonymous)' : `function '${name}'`
  return name === undefined || name === '?' || name.startsWith('(')
    ? `function <${map!.chunkName}:${mark.defined}>`
    : `function '${name}'`
}
