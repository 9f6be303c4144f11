/**
 * The JSON decoders: `json`, `json` with `is_collection`, `safejson`.
 *
 * In: the whole bytes of a body, Content-Encoding undone. Out: a closed {@link ObjectNode} over the same bytes, nothing
 * copied and nothing built; code that looks inside opens it (`scan.ts`). All of the text is checked, what follows the
 * first value included: a gateway that sends bytes on must not send on what is not JSON.
 */

import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../errors.js'
import { type JsonNode, ObjectNode, RawNode } from '../../message/json/node.js'
import { SLICE_BYTES, validateJson, validateShortJson } from '../../message/json/validate.js'
import type { Sliced } from '../../message/slices.js'
import { mendUtf8 } from '../utf8.js'

/** Decodes `json`: an object, or `null` for a null document. @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE */
export function* readJsonObject(bytes: Buffer): Sliced<ObjectNode | null> {
  return objectOf(yield* readJson(bytes))
}

/** Makes of a value what `json` makes of it. @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE for another kind */
export function objectOf(raw: RawNode): ObjectNode | null {
  if (raw.first === OPEN_OBJECT) return new ObjectNode(undefined, raw)
  if (raw.first === NULL) return null
  throw wrongKind(raw, 'map[string]interface {}')
}

/**
 * Makes of a value what `json` with `is_collection` makes of it: an array, put under the key `collection`. A null document becomes
 * `{"collection":null}`.
 *
 * @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE for another kind
 */
export function collectionOf(raw: RawNode): ObjectNode {
  if (raw.first !== OPEN_ARRAY && raw.first !== NULL) throw wrongKind(raw, '[]interface {}')
  return wrap('collection', raw)
}

/** Makes of a value what `safejson` makes of it: an object as it is, an array under `collection`, anything else under `content`. */
export function safeOf(raw: RawNode): ObjectNode {
  if (raw.first === OPEN_OBJECT) return new ObjectNode(undefined, raw)
  return wrap(raw.first === OPEN_ARRAY ? 'collection' : 'content', raw)
}

/** {@link readJson} for a short text in UTF-8; undefined for any other. It makes a small body a third cheaper. */
export function readShortJson(bytes: Buffer): RawNode | undefined {
  if (bytes.length > SLICE_BYTES || !isUtf8(bytes)) return undefined
  const span = validateShortJson(bytes)
  return new RawNode(undefined, bytes, span.start, span.end, span.fields)
}

/**
 * Checks one JSON value of any type. Bytes that are not UTF-8 become U+FFFD.
 *
 * @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE.
 */
export function* readJson(bytes: Buffer): Sliced<RawNode> {
  const valid = isUtf8(bytes) ? bytes : yield* mendUtf8(bytes)
  const span = yield* validateJson(valid)
  return new RawNode(undefined, valid, span.start, span.end, span.fields)
}

const OPEN_OBJECT = 0x7b
const OPEN_ARRAY = 0x5b
const NULL = 0x6e

function wrap(key: string, value: JsonNode): ObjectNode {
  return new ObjectNode(new Map([[key, value]]))
}

function wrongKind(raw: RawNode, wanted: string): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_DECODE', {
    message: `json: cannot unmarshal ${kindOf(raw)} into Go value of type ${wanted}`
  })
}

function kindOf(raw: RawNode): string {
  switch (raw.first) {
    case OPEN_OBJECT:
      return 'object'
    case OPEN_ARRAY:
      return 'array'
    case 0x22:
      return 'string'
    case 0x74:
    case 0x66:
      return 'bool'
    default:
      return 'number'
  }
}
