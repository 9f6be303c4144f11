/** The routes of one method: literal paths in a Map, the others in a tree. */

import { NO_PARAMS } from '../http/path.js'
import { hasSafeNames, type RoutePattern, renderPattern } from './route-pattern.js'
import { RouteTree, type TreeMatch, type TreeRoute } from './route-tree.js'

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

interface Stored<T> extends TableEntry<T>, TreeRoute {
  /** False where the tree has neutral names because the configured ones will not do. */
  readonly namesFit: boolean
}

/** All routes of one method. Filled at boot, then only read. */
export class MethodTable<T> {
  private readonly statics = new Map<string, Found<T>>()
  /** Literal paths in lower case, and as they are configured; made when the first path is looked for so. */
  private folded: Map<string, string> | undefined
  private tree: RouteTree<Stored<T>> | undefined
  private readonly folds: boolean

  /** @param folds {@link findFolded} is wanted */
  constructor(folds: boolean) {
    this.folds = folds
  }

  /** @throws Error when the same path is already there, or find-my-way refuses it */
  add(pattern: RoutePattern, target: T): void {
    if (pattern.isStatic) {
      const path = pattern.parts[0]!
      if (this.statics.has(path)) throw new Error(`${path} is declared twice`)
      this.statics.set(path, new Found({ pattern, target }, NO_PARAMS))
      return
    }
    const namesFit = !pattern.wildcard && hasSafeNames(pattern)
    const route: Stored<T> = { pattern, target, namesFit, names: namesFit ? pattern.names : neutralNames(pattern) }
    this.tree ??= new RouteTree(this.folds)
    if (!this.tree.add(route)) throw new Error('a route for the same paths is declared before')
  }

  /** Finds the route of a decoded path without `%`, `?` and `#`. */
  find(path: string): Found<T> | undefined {
    const found = this.statics.get(path)
    if (found !== undefined) return found
    return this.tree === undefined ? undefined : matchOf(this.tree.find(path))
  }

  /** Finds the route of any decoded path. */
  findDecoded(path: string): Found<T> | undefined {
    return this.statics.get(path) ?? (this.tree === undefined ? undefined : matchOf(this.tree.find(protect(path))))
  }

  /**
   * Returns the path of a route that differs from `path` in case only, in the spelling of the configuration. Of those that differ in case
   * only the first wins.
   */
  findFolded(path: string): string | undefined {
    if (!this.folds) return undefined
    const lower = path.toLowerCase()
    this.folded ??= foldedPaths(this.statics.keys())
    const literal = this.folded.get(lower)
    if (literal !== undefined) return literal
    if (this.tree === undefined || lower.length !== path.length) return undefined
    const found = matchOf(this.tree.findFolded(protect(path)))
    if (found === undefined) return undefined
    const { pattern } = found.entry
    return renderPattern(
      pattern,
      pattern.names.map(name => found.params[name]!)
    )
  }
}

function foldedPaths(paths: Iterable<string>): Map<string, string> {
  const folded = new Map<string, string>()
  for (const path of paths) {
    const lower = path.toLowerCase()
    if (!folded.has(lower)) folded.set(lower, path)
  }
  return folded
}

function neutralNames({ names, wildcard }: RoutePattern): string[] {
  return names.map((_, i) => (wildcard && i === names.length - 1 ? '*' : `p${i}`))
}

function matchOf<T>(match: TreeMatch<Stored<T>> | undefined): Found<T> | undefined {
  if (match === undefined) return undefined
  const { route, values } = match
  const { pattern, names } = route
  if (pattern.endsInParam && values[names[names.length - 1]!] === '') return undefined // an empty last segment fills no parameter
  return new Found(route, route.namesFit ? values : renamed(match))
}

function renamed<T>({ route, values }: TreeMatch<Stored<T>>): Params {
  const { pattern, names } = route
  const params: Params = Object.create(null)
  for (let i = 0; i < names.length; i++) {
    const value = values[names[i]!]!
    params[pattern.names[i]!] = names[i] === '*' && pattern.slashed ? `/${value}` : value
  }
  return params
}

/** Escapes what find-my-way would decode or cut once more. */
function protect(path: string): string {
  return /[%?#]/.test(path) ? path.replaceAll('%', '%25').replaceAll('?', '%3F').replaceAll('#', '%23') : path
}
