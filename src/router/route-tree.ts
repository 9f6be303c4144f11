/**
 * Routes with parameters, in find-my-way trees: one that regards case, and one that does not. A tree compiles functions for each route
 * that it takes in, and routes that nothing asks for need none: a route waits under the folder that all its paths begin with until a
 * path of that folder is looked for.
 */

import FindMyWay from 'find-my-way'
import { hasPlainLiterals, type RoutePattern, toRouterPath } from './route-pattern.js'

/** A route as it stands in a tree. */
export interface TreeRoute {
  readonly pattern: RoutePattern
  /** The names of the parameters in the tree. */
  readonly names: readonly string[]
}

/** What was found: a route, and the raw values of its parameters by their names in the tree. */
export interface TreeMatch<R> {
  readonly route: R
  readonly values: Record<string, string>
}

/** Routes of one folder that may wait. Taking in this many holds up the request that asks first by some 2 ms; more go in at boot. */
const MOST_WAITING = 64

/** The routes of one folder. Those for the same paths are in the same folder. */
interface Folder<R> {
  /** In their order. */
  readonly routes: R[]
  /** Their shapes, once there are two. */
  shapes: Set<string> | undefined
  /** How many of them the tree that regards case has, and the other one. */
  readonly taken: [exact: number, folded: number]
}

/** Filled at boot, then only read. */
export class RouteTree<R extends TreeRoute> {
  /** By the folder without regard to case: `/orders/` for `/orders/{id}`. */
  private readonly folders = new Map<string, Folder<R>>()
  private readonly exact = new CaseTree<R>(true, this.folders)
  private readonly folded: CaseTree<R> | undefined

  /** @param folds {@link findFolded} is wanted */
  constructor(folds: boolean) {
    this.folded = folds ? new CaseTree<R>(false, this.folders) : undefined
  }

  /**
   * Returns false, and takes nothing, when a route for the same paths is there.
   * @throws Error for a path that find-my-way refuses
   */
  add(route: R): boolean {
    const { pattern } = route
    const name = folderOf(pattern).toLowerCase()
    let folder = this.folders.get(name)
    if (folder === undefined) {
      folder = { routes: [route], shapes: undefined, taken: [0, 0] }
      this.folders.set(name, folder)
    } else {
      if (!isNew(folder, shapeOf(pattern))) return false
      folder.routes.push(route)
    }
    // What find-my-way may refuse must fail at boot.
    const waits = folder.routes.length < MOST_WAITING && hasPlainLiterals(pattern)
    this.exact.expect(name, folder, waits)
    this.folded?.expect(name, folder, waits)
    return true
  }

  /** Finds the route of a decoded path, in which `%`, `?` and `#` are encoded. */
  find(path: string): TreeMatch<R> | undefined {
    return this.exact.find(path)
  }

  /** The same without regard to case. Of routes that differ in case only the first is found. */
  findFolded(path: string): TreeMatch<R> | undefined {
    return this.folded?.find(path)
  }
}

/** Remembers a shape; false when it was there. */
function isNew<R extends TreeRoute>(folder: Folder<R>, shape: string): boolean {
  folder.shapes ??= new Set(folder.routes.map(({ pattern }) => shapeOf(pattern)))
  if (folder.shapes.has(shape)) return false
  folder.shapes.add(shape)
  return true
}

const noHandler = (): void => {}
const NO_QUERY = {}

/** One tree over the routes of all folders. */
class CaseTree<R extends TreeRoute> {
  private readonly at: 0 | 1
  private readonly folders: ReadonlyMap<string, Folder<R>>
  private readonly tree: FindMyWay.Instance<FindMyWay.HTTPVersion.V1>
  /** What a tree without regard to case has. */
  private readonly shapes = new Set<string>()
  /** Folders with routes that wait. */
  private waiting = 0
  /** Most slashes, and most characters, of such a folder. */
  private deepest = 0
  private longest = 0

  constructor(caseSensitive: boolean, folders: ReadonlyMap<string, Folder<R>>) {
    this.at = caseSensitive ? 0 : 1
    this.folders = folders
    // Length is bounded by the target's limit; the tree's expressions are linear (route-pattern.ts).
    const options = { caseSensitive, maxParamLength: Number.MAX_SAFE_INTEGER, querystringParser: () => NO_QUERY }
    this.tree = FindMyWay(options)
  }

  /** A folder has one more route. */
  expect(name: string, folder: Folder<R>, waits: boolean): void {
    if (folder.taken[this.at] === folder.routes.length - 1) this.waiting++
    if (!waits) return this.takeIn(folder)
    if (name.length > this.longest) this.longest = name.length
    this.deepest = Math.max(this.deepest, slashesOf(name))
  }

  find(path: string): TreeMatch<R> | undefined {
    if (this.waiting > 0) this.takeInFor(path.toLowerCase())
    const found = this.tree.find('GET', path)
    return found === null ? undefined : { route: found.store as R, values: found.params as Record<string, string> }
  }

  /** Takes in the routes of all folders that a path lies in. The work is bounded by the routes, not by the path. */
  private takeInFor(path: string): void {
    const { folders, deepest, longest, at } = this
    let slash = path.indexOf('/')
    for (let depth = 0; depth < deepest && slash >= 0 && slash < longest; depth++) {
      const folder = folders.get(path.slice(0, slash + 1))
      if (folder !== undefined && folder.taken[at] < folder.routes.length) this.takeIn(folder)
      slash = path.indexOf('/', slash + 1)
    }
  }

  private takeIn({ routes, taken }: Folder<R>): void {
    this.waiting--
    const { at } = this
    while (taken[at] < routes.length) {
      const route = routes[taken[at]++]!
      if (at === 1) {
        const shape = shapeOf(route.pattern).toLowerCase()
        if (this.shapes.has(shape)) continue
        this.shapes.add(shape)
      }
      this.tree.on('GET', toRouterPath(route.pattern, route.names), noHandler, route)
    }
  }
}

function slashesOf(text: string): number {
  let count = 0
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) count++
  return count
}

/** The folder that all paths of a pattern lie in, as its literal names it. */
function folderOf({ parts, wildcard }: RoutePattern): string {
  const literal = parts[0]!
  if (wildcard && parts.length === 3) return `${literal}/`
  return literal.slice(0, literal.lastIndexOf('/') + 1)
}

/** The same text for all patterns that stand for the same paths. */
function shapeOf({ parts, wildcard }: RoutePattern): string {
  const literals = parts.filter((_, i) => i % 2 === 0).join('{}')
  return wildcard ? `${literals}*` : literals
}
