/** What components and observers are told about the place that they are compiled for. */

/** Facts of the endpoint a component is compiled for. */
export interface EndpointFacts {
  /** As configured: `/x/{id}`. */
  readonly path: string
  /** As logs print it: `/x/:id`. */
  readonly ginPath: string
  readonly method: string
  readonly params: readonly string[]
  readonly timeoutMs: number
  readonly cacheTtlMs: number
  readonly inputHeaders: readonly string[]
  readonly inputQueryStrings: readonly string[]
  readonly outputEncoding: string
  /** Keys of the endpoint's `extra_config`. */
  readonly namespaces: readonly string[]
  readonly backendCount: number
  /** The `url_pattern` of each backend, as configured. */
  readonly urlPatterns: readonly string[]
  /** bytes */
  readonly maxBodyBytes: number
}

/** Facts of the backend a component is compiled for. */
export interface BackendFacts {
  readonly method: string
  readonly urlPattern: string
  /** As logs print it: `/users/{{.Id}}`. */
  readonly goPattern: string
  readonly hosts: readonly string[]
  readonly encoding: string
  readonly timeoutMs: number
  /** The backend's own list, narrower than the endpoint's; empty = none. */
  readonly inputHeaders: readonly string[]
}

/** Where a stage stands. */
export interface StagePlace {
  readonly scope: 'service' | 'endpoint' | 'backend'
  readonly endpoint: EndpointFacts | undefined
  readonly backend: BackendFacts | undefined
}
