/** What the plugin host makes of the components and plugins of one place: layers of its pipe, and who measures it. */

import type { Layer } from '../../pipe/layer.js'
import type { CallWatchers } from '../../telemetry/call-trace.js'
import type { PipeWatch } from '../../telemetry/observer.js'
import type { Admission } from '../../telemetry/span.js'
import type { FieldEdits } from '../component.js'

/** Layers of the service. */
export interface ServiceLayers {
  /** Around everything. */
  readonly outer: Layer | undefined
  /** Around routes, 404 and 405. */
  readonly inner: Layer | undefined
}

/** Layers of an endpoint by their places, and who measures its pipe. */
export interface EndpointLayers {
  /** Auth and limits: they see the client's whole request and the finished response. */
  readonly router: Layer | undefined
  /** Handler plugins: the request after the endpoint's lists, the finished response. */
  readonly handlers: Layer | undefined
  /** Checks outside of shadow and static. */
  readonly proxy: Layer | undefined
  /** Request and response modifiers, inside static, outside the merge. */
  readonly modifiers: Layer | undefined
  readonly watch: PipeWatch | undefined
  /** Decides which of its exchanges stay recorded; undefined = all that begin so. */
  readonly admits: Admission | undefined
}

/** Layers of a backend by their places, and who measures it and its calls. */
export interface BackendLayers {
  /** Outside of decoding: modifiers, breaker, limits, checks. They see data on decoded endpoints. */
  readonly decoded: Layer | undefined
  /** Around the transport: client plugins, caches, credentials. They see the upstream's bytes. */
  readonly transport: Layer | undefined
  /** What {@link transport} does, outermost first, when it looks at header fields alone. */
  readonly transportFields: readonly FieldEdits[] | undefined
  readonly watch: PipeWatch | undefined
  readonly calls: CallWatchers | undefined
}

/** Of an endpoint where nothing stands. */
export const NO_ENDPOINT_LAYERS: EndpointLayers = {
  router: undefined,
  handlers: undefined,
  proxy: undefined,
  modifiers: undefined,
  watch: undefined,
  admits: undefined
}
/** Of a backend where nothing stands. */
export const NO_BACKEND_LAYERS: BackendLayers = {
  decoded: undefined,
  transport: undefined,
  transportFields: undefined,
  watch: undefined,
  calls: undefined
}
