/** What the encoding room does in slices, done to the end. */
import { collectionOf, readJson, readJsonObject, safeOf } from '../../src/encoding/json/decode.js'
import { mergeObjects as merged } from '../../src/encoding/json/merge.js'
import type { JsonNode, ObjectNode, RawNode } from '../../src/message/json/node.js'
import { renderNode, writeJsonCollection } from '../../src/message/json/render.js'
import { joined } from '../../src/message/pieces.js'
import { runWhole } from '../../src/message/slices.js'

export const parseRaw = (bytes: Buffer): RawNode => runWhole(readJson(bytes))
export const parseJsonObject = (bytes: Buffer): ObjectNode | null => runWhole(readJsonObject(bytes))
export const parseJsonCollection = (bytes: Buffer): ObjectNode => collectionOf(parseRaw(bytes))
export const parseJsonSafe = (bytes: Buffer): ObjectNode => safeOf(parseRaw(bytes))
export const renderJsonCollection = (data: ObjectNode | null | undefined): Buffer => joined(runWhole(writeJsonCollection(data)))
export const mergeObjects = (parts: readonly (ObjectNode | null)[]): ObjectNode => runWhole(merged(parts))
export const nodeText = (node: JsonNode): string => renderNode(node).toString('latin1')
