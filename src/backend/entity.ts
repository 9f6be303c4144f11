import { fromValue, toValue } from '../encoding/json/values.js'
import type { ValueSource } from '../message/body.js'
import { ObjectNode } from '../message/json/node.js'
import { renderJson } from '../message/json/render.js'
import { ResponseMessage } from '../message/response.js'

/** Decoded data as the content of a response: nothing becomes a JS value or bytes before a stage asks for it. */
export class EntityContent implements ValueSource {
  /** `null` stands for a JSON null document. */
  readonly node: ObjectNode | null
  private plain: unknown
  private made = false

  constructor(node: ObjectNode | null) {
    this.node = node
  }

  value(): unknown {
    if (!this.made) {
      this.plain = this.node === null ? null : toValue(this.node)
      this.made = true
    }
    return this.plain
  }

  bytes(): Buffer {
    return renderJson(this.node)
  }
}

/** Wraps data as a response of a decoded pipe. `raw` are fields that reach the client. */
export function entityResponse(node: ObjectNode | null, complete: boolean, raw: string[] = []): ResponseMessage {
  const response = ResponseMessage.over(200, raw, new EntityContent(node), Number.MAX_SAFE_INTEGER)
  response.complete = complete
  return response
}

/** What a decoded response holds now, after the stages in between have edited it. */
export type EntityNow =
  /** Data, decoded. */
  | { readonly kind: 'node'; readonly node: ObjectNode | null }
  /** A value that is no object (an edit made it one): rendered as JSON as it is. */
  | { readonly kind: 'value'; readonly value: unknown }
  /** Bytes: a stage took the body as bytes, or gave it another body. */
  | { readonly kind: 'bytes' }

/** Looks at the content of a response of a decoded pipe. */
export function entityOf(response: ResponseMessage): EntityNow {
  const body = response.openedBody
  const content = response.unopened
  const changed = body?.changedValue()
  if (changed !== undefined) {
    const { value, origin } = changed
    if (value === null) return { kind: 'node', node: null }
    if (typeof value !== 'object' || Array.isArray(value)) return { kind: 'value', value }
    const node = fromValue(value, origin)
    return node instanceof ObjectNode ? { kind: 'node', node } : { kind: 'value', value }
  }
  if (content instanceof EntityContent && (body === undefined || body.untouched)) return { kind: 'node', node: content.node }
  return { kind: 'bytes' }
}
