/**
 * Which endpoint answers a request line. In: the routes of a configuration and the `router` options, compiled at boot; per request
 * a method and a raw path. Out: a route with its decoded parameters, or the reason why there is none. The rules are KrakenD's:
 * percent-decoded matching, literals before parameters, redirects within the method's own routes, 405 with `Allow`, the check for
 * parameters that are encoded twice. A path with a `.` or `..` segment never reaches a route.
 */

import type { RouterConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import { decodeKeeping, noteKept, plainOf } from '../http/kept-escapes.js'
import { cleanPath, encodePath, hasDotSegment, NO_PARAMS } from '../http/path.js'
import { atOnce, type Steps } from '../telemetry/in-turns.js'
import { MethodTable } from './method-table.js'
import { checkParams } from './param-check.js'
import { compileRoutePattern, type RoutePattern } from './route-pattern.js'

/** The methods that `method: '*'` stands for, in the order in which `Allow` lists them. */
const ANY_METHOD = ['GET', 'POST', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'DELETE', 'CONNECT', 'TRACE'] as const

export interface RouteSpec<T> {
  /** Upper-case; `*` = {@link ANY_METHOD}. */
  readonly method: string
  /** As configured, `/x/{id}`; `/x/*` takes all below. */
  readonly path: string
  readonly value: T
  /** Gets no automatic OPTIONS (health, debug and echo paths). Default false. */
  readonly reserved?: boolean
  /** Left out where routes before it answer its path: also by a parameter, with 405 or with a redirect. Default false. */
  readonly yields?: boolean
}

/** What the router reads of its options. */
export type RouterOptions = Pick<
  RouterConfig,
  | 'autoHead'
  | 'autoOptions'
  | 'disableHandleMethodNotAllowed'
  | 'disablePathDecoding'
  | 'disableRedirectFixedPath'
  | 'disableRedirectTrailingSlash'
  | 'removeExtraSlash'
> & { readonly disableRest: boolean }

export interface RouteMatch<T> {
  readonly kind: 'route'
  readonly value: T
  /** Decoded values by configured name; null-prototype; frozen and shared for routes without parameters. */
  readonly params: Record<string, string>
}

export interface RouteRedirect {
  readonly kind: 'redirect'
  readonly status: 301 | 307
  /** Percent-encoded; begins with exactly one slash, never with `//host`; the query is not part of it. */
  readonly path: string
  /** A trailing-slash redirect: `X-Forwarded-Prefix` goes before the path, see `redirectAnswer`. */
  readonly prefixed: boolean
}

export type RouteResult<T> =
  | RouteMatch<T>
  | { readonly kind: 'not-found' }
  | { readonly kind: 'method-not-allowed'; readonly allow: string }
  | { readonly kind: 'auto-options'; readonly allow: string }
  | { readonly kind: 'bad-params'; readonly text: string }
  | RouteRedirect

export interface Router<T> {
  /** Finds the route of a method and a raw path (without query, as `parseTarget` gives it). Called per request. */
  lookup(method: string, rawPath: string): RouteResult<T>
}

const NOT_FOUND = Object.freeze({ kind: 'not-found' as const })

class Match<T> implements RouteMatch<T> {
  readonly kind = 'route'
  readonly value: T
  readonly params: Record<string, string>

  constructor(value: T, params: Record<string, string>) {
    this.value = value
    this.params = params
  }
}

/** What a table keeps: the result itself where it never changes (literal paths, OPTIONS), the value otherwise. */
type Slot<T> = { readonly result: RouteResult<T> | undefined; readonly value: T | undefined }

/**
 * Compiles routes, in the order of `Allow`.
 * @throws GatewayError SLUICE_ERR_CONFIG_INVALID for two routes with the same method and path
 */
export function createRouter<T>(routes: readonly RouteSpec<T>[], options: RouterOptions): Router<T> {
  return atOnce(routerSteps(routes, options))
}

/** As {@link createRouter}, a route a step. */
export function* routerSteps<T>(routes: readonly RouteSpec<T>[], options: RouterOptions): Steps<Router<T>> {
  const router = new CompiledRouter<T>(options)
  const methodsOf = new Map<string, string[]>()
  for (const route of routes) {
    yield
    if (route.yields && router.lookup(route.method, route.path).kind !== 'not-found') continue
    const pattern = compileRoutePattern(route.path, options.disableRest)
    const result = pattern.isStatic ? Object.freeze(new Match(route.value, NO_PARAMS)) : undefined
    const slot = { result, value: route.value }
    for (const method of route.method === '*' ? ANY_METHOD : [route.method]) router.add(method, route.path, slot, pattern)
    if (route.reserved) continue
    const known = methodsOf.get(route.path)
    if (known === undefined) methodsOf.set(route.path, [route.method])
    else known.push(route.method)
  }
  if (options.autoOptions) {
    for (const [path, methods] of methodsOf) {
      yield
      const result = Object.freeze({ kind: 'auto-options' as const, allow: methods.sort().join(', ') })
      router.add('OPTIONS', path, { result, value: undefined }, compileRoutePattern(path, options.disableRest))
    }
  }
  return router
}

class CompiledRouter<T> implements Router<T> {
  private readonly tables = new Map<string, MethodTable<Slot<T>>>()
  private readonly options: RouterOptions

  constructor(options: RouterOptions) {
    this.options = options
  }

  add(method: string, path: string, slot: Slot<T>, pattern: RoutePattern): void {
    const table = this.tables.get(method) ?? new MethodTable<Slot<T>>(!this.options.disableRedirectFixedPath)
    this.tables.set(method, table)
    try {
      table.add(pattern, slot)
    } catch (cause) {
      throw new GatewayError('SLUICE_ERR_CONFIG_INVALID', { message: `${method} ${path} conflicts with another endpoint`, cause })
    }
  }

  lookup(method: string, rawPath: string): RouteResult<T> {
    // A plain path needs no decoding and no cleaning; nearly all are.
    if (!rawPath.includes('%') && !rawPath.includes('/.') && !this.options.removeExtraSlash) {
      const found = this.tableOf(method)?.find(rawPath)
      if (found === undefined) return this.miss(method, rawPath, rawPath)
      const { result, value } = found.entry.target
      return result ?? new Match(value!, found.params)
    }
    return this.lookupDecoded(method, rawPath)
  }

  private tableOf(method: string): MethodTable<Slot<T>> | undefined {
    const table = this.tables.get(method)
    return table === undefined && method === 'HEAD' && this.options.autoHead ? this.tables.get('GET') : table
  }

  private lookupDecoded(method: string, rawPath: string): RouteResult<T> {
    const kept = decodeKeeping(rawPath)
    const decoded = plainOf(kept)
    const clean = (path: string): string => (this.options.removeExtraSlash ? cleanPath(path) : path)
    const path = clean(decoded)
    const table = this.tableOf(method)
    const found = hasDotSegment(clean(kept)) ? undefined : table?.findDecoded(path)
    if (found === undefined) return this.miss(method, kept, path)
    const { result, value } = found.entry.target
    if (result !== undefined) return result
    const { params } = found
    const bad = checkParams(params, !this.options.disablePathDecoding)
    if (bad !== undefined) return { kind: 'bad-params', text: bad }
    if (kept !== decoded) {
      const same = table!.findDecoded(clean(kept))
      noteKept(params, same?.entry === found.entry ? same.params : undefined)
    }
    return new Match(value!, params)
  }

  /** `kept` is what the client asked for, with its reserved characters marked, `path` what was looked for. */
  private miss(method: string, kept: string, path: string): RouteResult<T> {
    if (path === '*') return method === 'OPTIONS' ? this.allMethods() : NOT_FOUND
    const table = this.tableOf(method)
    if (table !== undefined && path !== '/' && method !== 'CONNECT') {
      const redirect = this.redirect(table, method, kept, path)
      if (redirect !== undefined) return redirect
    }
    if (this.options.disableHandleMethodNotAllowed || hasDotSegment(path)) return NOT_FOUND
    const allowed: string[] = []
    for (const [other, routes] of this.tables) {
      if (other === method || routes.findDecoded(path) === undefined) continue
      allowed.push(other)
      if (other === 'GET' && this.options.autoHead && !this.tables.has('HEAD')) allowed.push('HEAD')
    }
    return allowed.length === 0 ? NOT_FOUND : { kind: 'method-not-allowed', allow: allowed.join(', ') }
  }

  private allMethods(): RouteResult<T> {
    return { kind: 'auto-options', allow: [...this.tables.keys()].join(', ') }
  }

  private redirect(table: MethodTable<Slot<T>>, method: string, kept: string, path: string): RouteRedirect | undefined {
    const status = method === 'GET' ? 301 : 307
    if (
      !this.options.disableRedirectTrailingSlash &&
      !hasDotSegment(path) &&
      table.findDecoded(toggleSlash(path)) !== undefined
    ) {
      return { kind: 'redirect', status, path: encodePath(cleanPath(toggleSlash(kept))), prefixed: true }
    }
    if (this.options.disableRedirectFixedPath) return undefined
    const fixed = this.fixedPath(table, cleanPath(kept)) ?? this.fixedPath(table, cleanPath(path))
    if (fixed === undefined || plainOf(fixed) === path) return undefined
    return { kind: 'redirect', status, path: encodePath(cleanPath(fixed)), prefixed: false }
  }

  private fixedPath(table: MethodTable<Slot<T>>, clean: string): string | undefined {
    if (hasDotSegment(clean)) return undefined
    return table.findFolded(clean) ?? (clean === '/' ? undefined : table.findFolded(toggleSlash(clean)))
  }
}

function toggleSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : `${path}/`
}
