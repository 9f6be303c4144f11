/** The routes of one method: literal paths in a Map, the others in a find-my-way tree. */

import FindMyWay from 'find-my-way'
import { NO_PARAMS } from '../http/path.js'
import { hasSafeNames, type RoutePattern, renderPattern, toRouterPath } from './route-pattern.js'

type Tree = FindMyWay.Instance<FindMyWay.HTTPVersion.V1>
type Params = Record<string, string>

/** What a match stands for; `T` is what the owner of the table keeps per route. */
export interface TableEntry<T> {
  readonly pattern: RoutePattern
  readonly target: T
}

/** A found route. */
export class Found<T> {
  readonly entry: TableEntry<T>
  /** Decoded values by configured name; a null-prototype object. */
  readonly params: Params

  constructor(entry: TableEntry<T>, params: Params) {
    this.entry = entry
    this.params = params
  }
}

interface Stored<T> extends TableEntry<T> {
  /** Neutral names that the tree uses where the configured ones will not do; undefined = the tree's object has the right names. */
  readonly neutral: readonly string[] | undefined
  readonly lastName: string
}

const noHandler = (): void => {}
const NO_QUERY = {}

function createTree(caseSensitive: boolean): Tree {
  // Length is bounded by the target's limit; the tree's expressions are linear (route-pattern.ts).
  return FindMyWay({ caseSensitive, maxParamLength: Number.MAX_SAFE_INTEGER, querystringParser: () => NO_QUERY })
}

/** All routes of one method. Filled at boot, then only read. */
export class MethodTable<T> {
  private readonly statics = new Map<string, Found<T>>()
  private tree: Tree | undefined
  private readonly entries: Stored<T>[] = []
  private folded: FoldedTable | undefined

  /** @throws Error when the same path is already there */
  add(pattern: RoutePattern, target: T): void {
    const safe = !pattern.wildcard && hasSafeNames(pattern)
    const neutral = safe
      ? undefined
      : pattern.names.map((_, i) => (pattern.wildcard && i === pattern.names.length - 1 ? '*' : `p${i}`))
    const names = neutral ?? pattern.names
    const entry: Stored<T> = { pattern, target, neutral, lastName: names[names.length - 1] ?? '' }
    this.entries.push(entry)
    if (pattern.isStatic) {
      const path = pattern.parts[0]!
      if (this.statics.has(path)) throw new Error(`${path} is declared twice`)
      this.statics.set(path, new Found(entry, NO_PARAMS))
      return
    }
    this.tree ??= createTree(true)
    this.tree.on('GET', toRouterPath(pattern, names), noHandler, entry)
  }

  /** Finds the route of a decoded path without `%`, `?` and `#`. */
  find(path: string): Found<T> | undefined {
    const found = this.statics.get(path)
    if (found !== undefined) return found
    return this.tree === undefined ? undefined : matchIn<T>(this.tree, path)
  }

  /** Finds the route of any decoded path. */
  findDecoded(path: string): Found<T> | undefined {
    return this.statics.get(path) ?? (this.tree === undefined ? undefined : matchIn<T>(this.tree, protect(path)))
  }

  /** Makes {@link findFolded} ready; after the last {@link add}. */
  fold(): void {
    this.folded = foldedTable(this.entries)
  }

  /** Returns the path of a route that differs from `path` in case only, in the spelling of the configuration. */
  findFolded(path: string): string | undefined {
    if (this.folded === undefined) return undefined
    const lower = path.toLowerCase()
    const literal = this.folded.statics.get(lower)
    if (literal !== undefined) return literal
    if (this.folded.tree === undefined || lower.length !== path.length) return undefined
    const found = matchIn<T>(this.folded.tree, protect(path))
    if (found === undefined) return undefined
    const { pattern } = found.entry
    return renderPattern(
      pattern,
      pattern.names.map(name => found.params[name]!)
    )
  }
}

interface FoldedTable {
  readonly statics: Map<string, string>
  readonly tree: Tree | undefined
}

/** Of routes that differ in case only the first wins. */
function foldedTable<T>(entries: readonly Stored<T>[]): FoldedTable {
  const statics = new Map<string, string>()
  let tree: Tree | undefined
  for (const entry of entries) {
    const { pattern, neutral } = entry
    if (pattern.isStatic) {
      const path = pattern.parts[0]!
      if (!statics.has(path.toLowerCase())) statics.set(path.toLowerCase(), path)
      continue
    }
    tree ??= createTree(false)
    const path = toRouterPath(pattern, neutral ?? pattern.names)
    if (tree.findRoute('GET', path) === null) tree.on('GET', path, noHandler, entry)
  }
  return { statics, tree }
}

function matchIn<T>(tree: Tree, path: string): Found<T> | undefined {
  const match = tree.find('GET', path)
  if (match === null) return undefined
  const entry = match.store as Stored<T>
  const raw = match.params as Params
  const { pattern, neutral } = entry
  if (pattern.endsInParam && raw[entry.lastName] === '') return undefined // an empty last segment fills no parameter
  return new Found(entry, neutral === undefined ? raw : rename(raw, pattern, neutral))
}

function rename(raw: Params, pattern: RoutePattern, neutral: readonly string[]): Params {
  const params: Params = Object.create(null)
  for (let i = 0; i < neutral.length; i++) {
    const value = raw[neutral[i]!]!
    params[pattern.names[i]!] = neutral[i] === '*' && pattern.slashed ? `/${value}` : value
  }
  return params
}

/** Escapes what find-my-way would decode or cut once more. */
function protect(path: string): string {
  return /[%?#]/.test(path) ? path.replaceAll('%', '%25').replaceAll('?', '%3F').replaceAll('#', '%23') : path
}
