/** One run of a script: its parts over the same globals, and the failures that they end with. */

import { LuaError, type LuaProgram, type LuaRun, type LuaSource, type LuaValue } from './engine/index.js'
import { failureOf, type ScriptFailure } from './failure.js'
import type { ScriptCounts } from './script-counts.js'
import { baseName, type JoinedSources } from './sources.js'
import type { ScriptState } from './state.js'

export type Part = 'sources' | 'pre' | 'post'

export const PARTS: readonly Part[] = ['sources', 'pre', 'post']
const LABELS = { pre: 'pre-script', post: 'post-script' } as const

/** One compilation. */
export interface Compiled {
  readonly program: LuaProgram
  readonly sources: JoinedSources
  /** Why a part cannot run. */
  readonly faults: ReadonlyMap<Part, ScriptFailure>
  readonly parts: ReadonlyMap<LuaSource, Part>
  /** Helpers that are set again before each chunk. */
  readonly renewed: readonly string[]
  /** Parts without a statement. */
  readonly blank: ReadonlySet<Part>
}

interface NamedPlace {
  /** The base name of a file, or the name of a script. */
  readonly name: string
  readonly file: string
  readonly line: number
}

export function placeIn(part: Part, line: number, sources: JoinedSources): NamedPlace {
  if (part !== 'sources') return { name: LABELS[part], file: LABELS[part], line }
  const place = sources.placeOf(line)
  if (place === undefined) return { name: 'sources', file: 'sources', line }
  return { name: baseName(place.file), file: place.file, line: line === 0 ? 0 : place.line }
}

/** A script has ended with an error. */
export class ScriptEnd extends Error {
  readonly failure: ScriptFailure

  constructor(failure: ScriptFailure, cause: unknown) {
    super(failure.message, { cause })
    this.failure = failure
  }
}

export function ended(counts: ScriptCounts, failure: ScriptFailure, cause: unknown): ScriptEnd {
  counts.count(failure)
  return new ScriptEnd(failure, cause)
}

/** One run: the parts of a script over the same globals. */
export class ScriptRun {
  readonly state: ScriptState
  private readonly compiled: Compiled
  private readonly counts: ScriptCounts
  private readonly run: LuaRun
  private readonly response: LuaValue
  private readonly helpers: readonly LuaValue[]

  constructor(compiled: Compiled, state: ScriptState, counts: ScriptCounts) {
    this.compiled = compiled
    this.counts = counts
    this.state = state
    const { program } = compiled
    this.run = program.start(state, program.resumable ? { signal: state.request.signal } : undefined)
    this.helpers = compiled.renewed.map(name => this.run.get(name))
    this.response = this.run.get('response')
    // there is none before the call
    if (this.response !== undefined) this.run.set('response', undefined)
  }

  /** Gives the script its response. */
  answer(): void {
    if (this.response !== undefined) this.run.set('response', this.response)
  }

  /** Runs sources and `pre`. @throws ScriptEnd, or what ended the exchange */
  before(): void | Promise<void> {
    const first = this.execute('sources')
    return first === undefined ? this.execute('pre') : first.then(() => this.execute('pre'))
  }

  /** Runs `post`. @throws as {@link before} */
  after(): void | Promise<void> {
    return this.execute('post')
  }

  private execute(part: Part): undefined | Promise<void> {
    const fault = this.compiled.faults.get(part)
    if (fault !== undefined) throw ended(this.counts, fault, undefined)
    if (this.compiled.blank.has(part)) return undefined
    this.helpers.forEach((value, i) => {
      this.run.set(this.compiled.renewed[i]!, value)
    })
    try {
      const done = this.run.executeInTurn(PARTS.indexOf(part))
      if (!(done instanceof Promise)) return undefined
      return done.then(
        () => {},
        error => this.fail(error, part)
      )
    } catch (error) {
      return this.fail(error, part)
    }
  }

  private fail(error: unknown, part: Part): never {
    if (!(error instanceof LuaError)) throw error
    const { signal } = this.state.request
    if ((error.limit === 'aborted' || error.limit === 'deadline') && signal.aborted) throw signal.reason
    const failure = failureOf(error, (_, line) => {
      const from = (error.source && this.compiled.parts.get(error.source)) ?? part
      const place = placeIn(from, line, this.compiled.sources)
      return `${place.name}:L${place.line}`
    })
    throw ended(this.counts, failure, error)
  }
}
