/**
 * What the other rooms need of an encoding.
 *
 * A decoded body is a {@link JsonNode}: a piece of validated JSON text as long as no code looks inside, an object or array
 * of such pieces where shaping touched it. Text is kept as a *byte string*: UTF-8 bytes read as latin1, so that slicing and
 * joining copy nothing and `Buffer.from(text, 'latin1')` gives the bytes back. Numbers keep their source text throughout.
 */

import type { ObjectNode } from '../message/json/node.js'
import type { Pieces } from '../message/pieces.js'
import type { Demand } from '../message/slices.js'

/** What a decoder is told about the body. */
export interface DecodeContext {
  /** The upstream's Content-Type, '' when absent. */
  readonly contentType: string
  readonly isCollection: boolean
  /** Ends the work on a large body when its result is not wanted any more; undefined = always wanted. */
  readonly scope?: Demand | undefined
}

/**
 * Turns the bytes of a backend's body (Content-Encoding already undone) into its data.
 * `null` stands for a JSON `null` document. Throws `GatewayError` SLUICE_ERR_UPSTREAM_DECODE.
 */
export type Decoder = (bytes: Buffer, context: DecodeContext) => ObjectNode | null | Promise<ObjectNode | null>

/** A rendered body. */
export interface Rendered {
  /** undefined = leave the header alone. */
  readonly contentType: string | undefined
  /** The body, UTF-8 bytes. */
  readonly body: Buffer | Pieces
}

/**
 * Renders data for the client. `undefined` = no response at all, `null` = a null document.
 * `accept` is the client's Accept field ('' when absent), read by `negotiate` only. `scope` as in {@link DecodeContext}.
 */
export type Renderer = (data: ObjectNode | null | undefined, accept: string, scope?: Demand) => Rendered | Promise<Rendered>
