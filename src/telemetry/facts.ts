/** What components and observers are told about the place that they are compiled for. */

/** Facts of the endpoint a component is compiled for. */
export interface EndpointFacts {
  /** As configured: `/x/{id}`. */
  readonly path: string
  /** As logs print it: `/x/:id`. */
  readonly ginPath: string
  /** Upper-case. */
  readonly method: string
  /** Names of the path parameters, in order. */
  readonly params: readonly string[]
  /** ms */
  readonly timeoutMs: number
  /** ms; 0 = no Cache-Control. */
  readonly cacheTtlMs: number
  /** As configured; `*` = all. */
  readonly inputHeaders: readonly string[]
  /** As configured; `*` = all. */
  readonly inputQueryStrings: readonly string[]
  /** As configured or inherited: `json`, `no-op` … */
  readonly outputEncoding: string
  /** Keys of the endpoint's `extra_config`. */
  readonly namespaces: readonly string[]
  /** A stage behind `auth/validator` may read header fields before `inputHeaders` drops them. */
  readonly readsUnlisted: boolean
  /** Number of backends, at least 1. */
  readonly backendCount: number
  /** The `url_pattern` of each backend, as configured. */
  readonly urlPatterns: readonly string[]
  /** bytes */
  readonly maxBodyBytes: number
}

/** Facts of the backend a component is compiled for. */
export interface BackendFacts {
  /** Upper-case. */
  readonly method: string
  /** As configured: `/users/{id}`. */
  readonly urlPattern: string
  /** As logs print it: `/users/{{.Id}}`. */
  readonly goPattern: string
  /** Origins, `http://10.0.0.1:8080`. */
  readonly hosts: readonly string[]
  /** Lower-case: `json`, `no-op` … */
  readonly encoding: string
  /** ms */
  readonly timeoutMs: number
  /** The backend's own list, narrower than the endpoint's; empty = none. */
  readonly inputHeaders: readonly string[]
}

/** Where a stage stands. */
export interface StagePlace {
  /** Level of the configuration. */
  readonly scope: 'service' | 'endpoint' | 'backend'
  /** Undefined at service scope. */
  readonly endpoint: EndpointFacts | undefined
  /** Undefined but at backend scope. */
  readonly backend: BackendFacts | undefined
}

/** Stages behind `auth/validator` and before an endpoint's `input_headers`: they may read fields that the list drops. */
export const BEFORE_INPUT_HEADERS: readonly string[] = [
  'modifier/lua-endpoint',
  'plugin/http-server',
  'qos/ratelimit/router',
  'qos/ratelimit/router/redis',
  'qos/ratelimit/tiered',
  'governance/quota'
]
