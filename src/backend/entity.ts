import { fromValue, toValue } from '../encoding/json/values.js'
import { LazyView, type ValueSource } from '../message/json/json-view.js'
import { ObjectView } from '../message/json/lazy.js'
import { ObjectNode } from '../message/json/node.js'
import { renderJson } from '../message/json/render.js'
import { asObject } from '../message/json/scan.js'
import type { LazyJson } from '../message/public.js'
import { ResponseMessage } from '../message/response.js'

/** Decoded data as the content of a response: nothing becomes a JS value or bytes before a stage asks for it. */
class EntityContent implements ValueSource {
  private readonly data: ObjectNode | null
  private views: ObjectView | undefined = undefined

  constructor(data: ObjectNode | null) {
    this.data = data
  }

  /** The data, with the edits that were made in {@link lazy}. `null` stands for a JSON null document. */
  get node(): ObjectNode | null {
    this.views?.settle()
    return this.data
  }

  value(): unknown {
    const { node } = this
    return node === null ? null : toValue(node)
  }

  bytes(): Buffer {
    return renderJson(this.node)
  }

  lazy(): LazyJson {
    if (this.data === null) return null
    this.views ??= new ObjectView(this.data)
    return this.views
  }

  differs(): boolean {
    return this.views?.differs() === true
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
  if (content instanceof EntityContent && (body === undefined || body.isStill(content)))
    return { kind: 'node', node: content.node }
  const held = body?.held
  if (held instanceof LazyView) {
    const object = asObject(held.node)
    return object === undefined ? { kind: 'value', value: held.value() } : { kind: 'node', node: object }
  }
  return { kind: 'bytes' }
}
