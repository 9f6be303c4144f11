/**
 * The JSON decoders: `json`, `json` with `is_collection`, `safejson`.
 *
 * In: the whole bytes of a body, Content-Encoding undone. Out: a closed {@link ObjectNode} over the same bytes, nothing
 * copied and nothing built; whoever looks inside opens it (`json-scan.ts`). All of the text is checked, what follows the
 * first value included: a gateway that sends bytes on must not send on what is not JSON.
 */

import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../errors.js'
import type { Sliced } from '../message/slices.js'
import { type JsonNode, ObjectNode, RawNode } from './json-node.js'
import { validateJson } from './json-validate.js'
import { mendUtf8 } from './utf8.js'

/**
 * Decodes `json`: an object, or `null` for a null document.
 *
 * @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE.
 */
export function* readJsonObject(bytes: Buffer): Sliced<ObjectNode | null> {
  const raw = yield* readJson(bytes)
  if (raw.first === OPEN_OBJECT) return new ObjectNode(undefined, raw)
  if (raw.first === NULL) return null
  throw wrongKind(raw, 'map[string]interface {}')
}

/**
 * Decodes `json` with `is_collection`: an array, put under the key `collection`. A null document becomes
 * `{"collection":null}`.
 *
 * @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE.
 */
export function* readJsonCollection(bytes: Buffer): Sliced<ObjectNode> {
  const raw = yield* readJson(bytes)
  if (raw.first !== OPEN_ARRAY && raw.first !== NULL) throw wrongKind(raw, '[]interface {}')
  return wrap('collection', raw)
}

/**
 * Decodes `safejson`: an object as it is, an array under `collection`, anything else under `content`.
 *
 * @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE.
 */
export function* readJsonSafe(bytes: Buffer): Sliced<ObjectNode> {
  const raw = yield* readJson(bytes)
  if (raw.first === OPEN_OBJECT) return new ObjectNode(undefined, raw)
  return wrap(raw.first === OPEN_ARRAY ? 'collection' : 'content', raw)
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
