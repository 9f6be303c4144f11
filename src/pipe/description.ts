/** What boot says about the pipes that it has built. Written where each stage is put in its place; `sluice pipes` prints it. */

/** One stage of a pipe. */
export interface PipeStage {
  readonly name: string
  /** Where it stands: `service/outer`, `endpoint/router`, `backend/transport` … */
  readonly place: string
  /** `no`: bytes pass; `may`: it holds a body when it asks for one; `yes`: it holds a body, within `max_body_bytes`. */
  readonly holdsBody: 'no' | 'may' | 'yes'
  readonly note?: string
  /** The pipe that gets a copy of each request, and whose response is forgotten (`shadow`). */
  readonly copy?: PipeTree
}

/** One backend, its stages outermost first. */
export interface PipeBackend {
  readonly method: string
  /** Hosts and path: `http://a:1 | http://b:1/users/{id}`. */
  readonly target: string
  readonly stages: readonly PipeStage[]
}

/** Stages, outermost first, and the backends that the innermost one asks. */
export interface PipeTree {
  readonly stages: readonly PipeStage[]
  readonly backends: readonly PipeBackend[]
}

/** The pipe of one endpoint. */
export interface PipeDescription extends PipeTree {
  readonly method: string
  readonly path: string
  readonly pipe: 'passthrough' | 'aggregate'
  /** No message objects: raw fields and bytes go from socket to socket. */
  readonly direct: boolean
}
