/**
 * Routes with parameters, in a find-my-way tree. The tree compiles functions for each route it takes in, and routes that nothing asks for
 * need none: a route waits under the folder that all its paths begin with until a path of that folder is looked for.
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

const noHandler = (): void => {}
const NO_QUERY = {}

/** Filled at boot, then only read. */
export class RouteTree<R extends TreeRoute> {
  private readonly caseSensitive: boolean
  private readonly tree: FindMyWay.Instance<FindMyWay.HTTPVersion.V1>
  private readonly shapes = new Set<string>()
  /** Routes that wait, by folder: `/orders/` for `/orders/{id}`. */
  private readonly waiting = new Map<string, R[]>()
  /** Folders whose routes are in the tree because there are many. */
  private readonly crowded = new Set<string>()
  /** Most slashes, and most characters, of a folder in which routes wait. */
  private deepest = 0
  private longest = 0

  constructor(caseSensitive: boolean) {
    this.caseSensitive = caseSensitive
    // Length is bounded by the target's limit; the tree's expressions are linear (route-pattern.ts).
    const options = { caseSensitive, maxParamLength: Number.MAX_SAFE_INTEGER, querystringParser: () => NO_QUERY }
    this.tree = FindMyWay(options)
  }

  /**
   * Returns false, and takes nothing, when a route for the same paths is there.
   * @throws Error for a path that find-my-way refuses
   */
  add(route: R): boolean {
    const { pattern } = route
    const shape = this.folded(shapeOf(pattern))
    if (this.shapes.has(shape)) return false
    this.shapes.add(shape)
    const folder = this.folded(folderOf(pattern))
    // What find-my-way may refuse must fail at boot.
    if (this.crowded.has(folder) || !hasPlainLiterals(pattern)) this.takeIn(route)
    else this.wait(folder, route)
    return true
  }

  private wait(folder: string, route: R): void {
    const routes = this.waiting.get(folder)
    if (routes === undefined) {
      this.waiting.set(folder, [route])
      this.longest = Math.max(this.longest, folder.length)
      this.deepest = Math.max(this.deepest, folder.split('/').length - 1)
      return
    }
    if (routes.push(route) < MOST_WAITING) return
    this.crowded.add(folder)
    this.release(folder, routes)
  }

  /** Finds the route of a decoded path, in which `%`, `?` and `#` are encoded. */
  find(path: string): TreeMatch<R> | undefined {
    if (this.waiting.size > 0) this.takeInFor(this.folded(path))
    const found = this.tree.find('GET', path)
    return found === null ? undefined : { route: found.store as R, values: found.params as Record<string, string> }
  }

  /** Takes in the routes of all folders that a path lies in. The work is bounded by the routes, not by the path. */
  private takeInFor(path: string): void {
    const { waiting, deepest, longest } = this
    let slash = path.indexOf('/')
    for (let depth = 0; depth < deepest && slash >= 0 && slash < longest; depth++) {
      const folder = path.slice(0, slash + 1)
      const routes = waiting.get(folder)
      if (routes !== undefined) this.release(folder, routes)
      slash = path.indexOf('/', slash + 1)
    }
  }

  private release(folder: string, routes: readonly R[]): void {
    this.waiting.delete(folder)
    for (const route of routes) this.takeIn(route)
  }

  private takeIn(route: R): void {
    this.tree.on('GET', toRouterPath(route.pattern, route.names), noHandler, route)
  }

  private folded(text: string): string {
    return this.caseSensitive ? text : text.toLowerCase()
  }
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
