import { GatewayError } from '../errors.js'
import { copyJsonValue, parseJsonValue, stringifyJsonValue } from './exact-json.js'

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

/** Parses the text of a body. @throws GatewayError SLUICE_ERR_BODY_NOT_JSON, which is the client's fault in a request */
export function parseBody(text: string, side: 'request' | 'response'): unknown {
  try {
    return parseJsonValue(text)
  } catch (cause) {
    throw new GatewayError('SLUICE_ERR_BODY_NOT_JSON', side === 'request' ? { cause, statusCode: 400 } : { cause })
  }
}
