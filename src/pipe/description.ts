/** What boot says about the pipes that it has built. Written where each stage is put in its place; `sluice pipes` prints it. */

/** One stage of a pipe. */
export interface PipeStage {
  /** The namespace of a component, the name of a plugin, or what the gateway does there. */
  readonly name: string
  /** Where it stands: `service/outer`, `endpoint/router`, `backend/transport` … */
  readonly place: string
  /** `no`: bytes pass; `may`: it holds a body when it asks for one; `yes`: it holds a body, within `max_body_bytes`. */
  readonly holdsBody: 'no' | 'may' | 'yes'
  /** What there is to say of it at the moment. */
  readonly note?: string
  /** The pipe that gets a copy of each request, and whose response is forgotten (`shadow`). */
  readonly copy?: PipeTree
}

/** One backend, its stages outermost first. */
export interface PipeBackend {
  /** Upper-case. */
  readonly method: string
  /** Hosts and path: `http://a:1 | http://b:1/users/{id}`. */
  readonly target: string
  /** Outermost first. */
  readonly stages: readonly PipeStage[]
}

/** Stages, outermost first, and the backends that the innermost one asks. */
export interface PipeTree {
  /** Outermost first. */
  readonly stages: readonly PipeStage[]
  /** In the order of the configuration. */
  readonly backends: readonly PipeBackend[]
}

/** The pipe of one endpoint. */
export interface PipeDescription extends PipeTree {
  /** Upper-case. */
  readonly method: string
  /** As configured: `/x/{id}`. */
  readonly path: string
  /** `passthrough`: bytes flow. `aggregate`: responses are decoded, merged and rendered. */
  readonly pipe: 'passthrough' | 'aggregate'
  /** No message objects: raw fields and bytes go from socket to socket. */
  readonly direct: boolean
}
