/** Which spans there are, and what they show besides their own attributes. */

type Attributes = readonly (readonly [name: string, value: string])[]

/** Spans of exchanges, or of endpoints' pipes. */
export interface LayerTraces {
  readonly on: boolean
  readonly reportHeaders: boolean
  readonly skipHeaders: readonly string[]
  readonly attributes: Attributes
}

/** Spans of backends and their calls. */
export interface BackendTraces {
  readonly stage: boolean
  readonly roundTrip: boolean
  readonly readPayload: boolean
  readonly connection: boolean
  readonly reportHeaders: boolean
  readonly skipHeaders: readonly string[]
  readonly attributes: Attributes
}
