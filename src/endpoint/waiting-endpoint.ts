/**
 * An endpoint whose pipe is built when it is first asked for. Of thousands of endpoints many get no request for long, and a pipe takes
 * several KB. Only what cannot fail waits: pipes without plugins and components, of a configuration that has been read and checked.
 */

import type { PipeDescription } from '../pipe/description.js'
import type { Admission } from '../telemetry/span.js'
import type { DirectServe } from './direct.js'
import type { EndpointEntry } from './endpoint-run.js'

/** One endpoint, as requests find it. */
export interface Endpoint {
  /** Undefined when a stage needs messages. */
  readonly direct: DirectServe | undefined
  /** ms that a tunnel may be silent; undefined where `Upgrade` is passed over. */
  readonly tunnelIdleMs: number | undefined
  /** Decides which exchanges of the direct form stay recorded; undefined = all. */
  readonly admits: Admission | undefined
  /** Where requests with message objects go in. */
  readonly entry: EndpointEntry
  /** What it was compiled to. */
  readonly description: PipeDescription
}

export class WaitingEndpoint implements Endpoint {
  readonly tunnelIdleMs: number | undefined
  readonly admits = undefined
  private build: (() => Endpoint) | undefined
  private built: Endpoint | undefined

  /** @param build is called once */
  constructor(tunnelIdleMs: number | undefined, build: () => Endpoint) {
    this.tunnelIdleMs = tunnelIdleMs
    this.build = build
  }

  get direct(): DirectServe | undefined {
    return (this.built ?? this.stand()).direct
  }

  get entry(): EndpointEntry {
    return (this.built ?? this.stand()).entry
  }

  get description(): PipeDescription {
    return (this.built ?? this.stand()).description
  }

  private stand(): Endpoint {
    this.built = this.build!()
    this.build = undefined
    return this.built
  }
}
