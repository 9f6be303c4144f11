import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../errors.js'
import type { LazyJson } from '../public.js'
import type { Sliced } from '../slices.js'
import { ContainerView } from './container-view.js'
import { copyJsonValue, parseJsonValue, stringifyJsonValue } from './exact-json.js'
import { type ArrayView, type ObjectView, readNode } from './lazy.js'
import { type JsonNode, RawNode } from './node.js'
import { renderNode } from './render.js'
import { validateJson } from './validate.js'

/** The decoded value of a body. Numbers that no edit replaced keep their spelling when it is written. */
export class JsonView {
  private current: unknown
  /** The value as it was decoded: an edit that returns a copy keeps the spelling of its numbers. */
  readonly origin: unknown
  /** True when a reader changed or replaced the value: the bytes must be written anew. */
  changed: boolean
  /** A plugin gave the value (`setJson`) and may still hold it: it is copied before another reader gets it. */
  private isShared: boolean

  private constructor(value: unknown, origin: unknown, isShared: boolean) {
    this.current = value
    this.origin = origin
    this.changed = isShared
    this.isShared = isShared
  }

  /** A value that was decoded from the body. */
  static decoded(value: unknown): JsonView {
    return new JsonView(value, value, false)
  }

  /** A value that a plugin puts in the place of the body. */
  static given(value: unknown): JsonView {
    return new JsonView(value, undefined, true)
  }

  /** The value for a reader; every reader gets the same object. */
  read(): unknown {
    if (this.isShared) {
      this.current = copyJsonValue(this.current)
      this.isShared = false
    }
    return this.current
  }

  /** The value for the gateway, which does not change it. */
  get value(): unknown {
    return this.current
  }

  /** Runs an edit. A value that it returns takes the place of the old one. */
  edit(edit: (value: unknown) => unknown): void {
    const replacement = edit(this.read())
    if (replacement !== undefined) this.current = replacement
  }

  bytes(): Buffer {
    return Buffer.from(stringifyJsonValue(this.current, this.origin))
  }
}

/** What holds a body's JSON instead of its bytes. */
export interface ValueSource {
  /** The plain value. A reader may change it. */
  value(): unknown
  /** The JSON text, with the edits of {@link lazy}. */
  bytes(): Buffer
  /** The value decoded only where a reader looks; every call returns the same. */
  lazy(): LazyJson
  /** Whether a view of {@link lazy} was edited. */
  differs(): boolean
}

/** JSON that is decoded where a reader looks. */
export class LazyView implements ValueSource {
  private readonly root: LazyJson
  /** Given for a scalar too. */
  private readonly source: JsonNode | ContainerView

  constructor(source: JsonNode | ContainerView) {
    this.source = source
    this.root = source instanceof ContainerView ? (source as ObjectView | ArrayView) : readNode(source)
  }

  /** The value with the edits of its views. */
  get node(): JsonNode {
    const { root, source } = this
    if (root instanceof ContainerView) return root.settle()
    return source as JsonNode
  }

  value(): unknown {
    return parseJsonValue(this.bytes().toString('utf8'))
  }

  bytes(): Buffer {
    return renderNode(this.node)
  }

  lazy(): LazyJson {
    return this.root
  }

  differs(): boolean {
    return this.root instanceof ContainerView && this.root.differs()
  }
}

/** Checks the bytes of a body, unopened. @throws as {@link parseBody} */
export function* checkBody(bytes: Buffer, side: 'request' | 'response'): Sliced<LazyView> {
  const valid = isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8'))
  try {
    const { start, end, fields } = yield* validateJson(valid)
    return new LazyView(new RawNode(undefined, valid, start, end, fields))
  } catch (cause) {
    throw notJson(cause, side)
  }
}

/** Parses the text of a body. @throws GatewayError SLUICE_ERR_BODY_NOT_JSON, which is the client's fault in a request */
export function parseBody(text: string, side: 'request' | 'response'): unknown {
  try {
    return parseJsonValue(text)
  } catch (cause) {
    throw notJson(cause, side)
  }
}

function notJson(cause: unknown, side: 'request' | 'response'): GatewayError {
  return new GatewayError('SLUICE_ERR_BODY_NOT_JSON', side === 'request' ? { cause, statusCode: 400 } : { cause })
}
