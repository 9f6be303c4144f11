/** The frame of an export request: resource, scope, and what belongs to them. Spans and metrics have the same frame. */

import { Buffer } from 'node:buffer'
import { type AttributeValue, encodeAttributes, encodeText } from './attributes.js'
import { ProtoWriter } from './proto-writer.js'

const RESOURCE_ATTRIBUTES = 0x0a
const RESOURCE = 0x0a
const SCOPE = 0x0a
const SCOPE_NAME = 0x0a
const ITEMS_OF_SCOPE = 0x12
const ITEMS_OF_RESOURCE = 0x0a
const SCHEMA_URL = 0x1a

/** Whose telemetry it is. */
export interface ResourceFacts {
  readonly attributes: readonly (readonly [name: string, value: AttributeValue])[]
  readonly schemaUrl: string
  readonly scope: string
}

/** Puts a resource and its scope around spans or metrics. */
export class ResourceFrame {
  private readonly resource: Buffer
  private readonly scope: Buffer
  private readonly schemaUrl: Buffer

  constructor({ attributes, schemaUrl, scope }: ResourceFacts) {
    this.resource = messageOf(RESOURCE, encodeAttributes(RESOURCE_ATTRIBUTES, attributes))
    this.scope = messageOf(SCOPE, encodeText(SCOPE_NAME, scope))
    this.schemaUrl = encodeText(SCHEMA_URL, schemaUrl)
  }

  /** Ends a request: what `writer` holds are spans or metrics of one scope. */
  close(writer: ProtoWriter): void {
    writer.raw(this.scope)
    writer.message(0, ITEMS_OF_SCOPE)
    writer.raw(this.schemaUrl)
    writer.raw(this.resource)
    writer.message(0, ITEMS_OF_RESOURCE)
  }
}

function messageOf(tag: number, content: Uint8Array): Buffer {
  const writer = new ProtoWriter(content.length + 16)
  writer.raw(content)
  writer.message(0, tag)
  return Buffer.from(writer.written())
}
