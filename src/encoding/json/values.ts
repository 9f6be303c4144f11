/** Between nodes and plain JavaScript values, for those who ask: plugins, expressions, schemas. Numbers keep their spelling. */

import { parseJsonValue, stringifyJsonValue } from '../../message/json/exact-json.js'
import { type JsonNode, ObjectNode, RawNode } from '../../message/json/node.js'
import { renderNode } from '../../message/json/render.js'

/** Makes a plain value; the source text of unusual numbers is remembered beside it (`exact-json.ts`). */
export function toValue(node: JsonNode): unknown {
  return parseJsonValue(renderNode(node).toString('utf8'))
}

/**
 * Makes a node of a plain value, as JSON.stringify would write it; numbers that came from {@link toValue} and were not
 * replaced keep their source text. A value that JSON cannot express (undefined, a function) becomes null.
 *
 * @param origin the value as it was taken out, when what is given back may be a copy of it (`{ ...origin }`).
 * @throws TypeError for cycles and bigints, as JSON.stringify.
 */
export function fromValue(value: unknown, origin?: unknown): JsonNode {
  const bytes = Buffer.from(stringifyJsonValue(value, origin))
  const raw = new RawNode(undefined, bytes)
  return bytes[0] === 0x7b ? new ObjectNode(undefined, raw) : raw
}
