/** Where requests to one backend go and how they look: compiled once, used with message objects and without. */

import type { OriginPool } from '../client/pool.js'
import type { UpstreamPools } from '../client/pools.js'
import { createRedirectPolicy, type RedirectPolicy } from '../client/redirect.js'
import type { BackendConfig } from '../config/types.js'
import { lowerName, type RawFields } from '../http/fields.js'
import { compileQueryPick, type QueryFilter } from '../http/query.js'
import type { Balancer } from './balancer.js'
import { compileTargetTemplate, type TargetTemplate } from './request-template.js'

/** A host of the configuration, taken apart. */
export interface HostPrefix {
  readonly pool: OriginPool
  /** Path that the host carries (`disable_host_sanitize`), '' mostly. */
  readonly base: string
}

/** What boot knows of the requests to one backend. */
export interface BackendAddress {
  readonly method: string
  readonly balancer: Balancer
  /** Resolves a host of the configuration. @throws TypeError for a host that is no URL */
  readonly resolve: (host: string) => HostPrefix
  readonly target: TargetTemplate
  /** Undefined = all that the endpoint let through. */
  readonly pickQuery: QueryFilter | undefined
  readonly pickFields: ((raw: readonly string[]) => RawFields) | undefined
  /** Undefined = redirects are responses. */
  readonly redirects: RedirectPolicy | undefined
}

/** @param userAgent stands in for a User-Agent that `input_headers` dropped */
export function compileAddress(
  backend: BackendConfig,
  pools: UpstreamPools,
  balancer: Balancer,
  userAgent: string
): BackendAddress {
  const { inputHeaders, inputQueryStrings, httpClient } = backend
  return {
    method: backend.method,
    balancer,
    resolve: hostResolver(pools),
    target: compileTargetTemplate(backend.urlPattern, backend.goPattern),
    pickQuery: inputQueryStrings.length === 0 ? undefined : compileQueryPick(inputQueryStrings),
    pickFields: inputHeaders.length === 0 ? undefined : compileFieldPick(inputHeaders, userAgent),
    // redirects lead to hosts that this configuration names, nowhere else
    redirects: httpClient.noRedirect
      ? undefined
      : createRedirectPolicy(httpClient.sendBodyOnRedirect, origin => pools.reach(origin))
  }
}

const resolvers = new WeakMap<UpstreamPools, BackendAddress['resolve']>()

/** Returns the function that splits `http://h:1/base` once per host and remembers it; one for all backends of these pools. */
export function hostResolver(pools: UpstreamPools): BackendAddress['resolve'] {
  const resolver = resolvers.get(pools) ?? compileHostResolver(pools)
  resolvers.set(pools, resolver)
  return resolver
}

function compileHostResolver(pools: UpstreamPools): BackendAddress['resolve'] {
  const known = new Map<string, HostPrefix>()
  return host => {
    const found = known.get(host)
    if (found !== undefined) return found
    const url = new URL(host)
    const prefix = { pool: pools.get(url.origin), base: url.pathname === '/' ? '' : url.pathname.replace(/\/$/, '') }
    known.set(host, prefix)
    return prefix
  }
}

/** The backend's own `input_headers`: a second, narrower list; `*` is a name like any other. */
function compileFieldPick(names: readonly string[], userAgent: string): (raw: readonly string[]) => RawFields {
  const wanted = new Set(names.map(name => name.toLowerCase()))
  const dropsAgent = !wanted.has('user-agent')
  return raw => {
    const out: RawFields = []
    for (let i = 0; i < raw.length; i += 2) {
      const lower = lowerName(raw[i]!)
      if (!wanted.has(lower) && lower !== 'traceparent' && lower !== 'tracestate') continue
      out.push(raw[i]!, raw[i + 1]!)
    }
    if (dropsAgent) out.push('User-Agent', userAgent)
    return out
  }
}
