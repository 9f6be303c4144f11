/**
 * The data model of decoded bodies: JSON text that is opened only where shaping or a reader looks. See `encoding/types.ts`.
 *
 * In: validated text from `encoding/json/decode.ts`, or nodes built by other decoders. Out: to shaping, merging and `render.ts`.
 * A {@link RawNode} never changes, so it may stand in several documents at once. An {@link ObjectNode} belongs to one
 * exchange: who changes its fields calls `touch`.
 */

/** A JSON value: unopened text, or opened by shaping. */
export type JsonNode = RawNode | ObjectNode | ArrayNode

/**
 * A validated JSON value that was never opened: a piece of a body's bytes, a byte string, or both. Exactly one JSON
 * value, without white space around it.
 */
export class RawNode {
  readonly kind = 'raw'
  /** The bytes that hold the value, between `start` and `end`; undefined when it was made of text. */
  readonly bytes: Buffer | undefined
  readonly start: number
  /** Offset behind the last byte. */
  readonly end: number
  /** Where the fields stand, when validation noted it: see `FieldIndex` in `validate.ts`. */
  readonly fields: readonly number[] | undefined
  private known: string | undefined

  /** @param text a byte string (UTF-8 bytes read as latin1); may be left out when bytes are given. */
  constructor(
    text: string | undefined,
    bytes?: Buffer,
    start = 0,
    end = bytes === undefined ? 0 : bytes.length,
    fields?: readonly number[]
  ) {
    this.known = text
    this.bytes = bytes
    this.start = start
    this.end = end
    this.fields = fields
  }

  /** The value's text, a byte string. */
  get text(): string {
    this.known ??= this.bytes!.toString('latin1', this.start, this.end)
    return this.known
  }

  /** Size of the text in bytes. */
  get size(): number {
    return this.bytes === undefined ? this.known!.length : this.end - this.start
  }

  /** The value's bytes: a view on the body where there is one. */
  get source(): Buffer {
    return this.bytes === undefined ? Buffer.from(this.known!, 'latin1') : this.bytes.subarray(this.start, this.end)
  }

  /** First character code of the value, which tells its type. */
  get first(): number {
    return this.bytes === undefined ? this.known!.charCodeAt(0) : this.bytes[this.start]!
  }
}

/** A value that stands in the place of one in an object's text, or behind its last field. */
export interface OverlayEdit {
  /** Offset of what it replaces. */
  readonly from: number
  /** Offset behind it. */
  readonly to: number
  /** Written before the value, a byte string: comma and key of a field that is new. */
  readonly lead: string
  readonly node: RawNode
}

/** Edits of an object whose other fields stay closed. */
export interface FieldOverlay {
  /** The object's text without them. */
  readonly raw: RawNode
  readonly bytes: Buffer
  /** In the order of the text. */
  readonly edits: readonly OverlayEdit[]
  find(key: string): RawNode | undefined
  /** Returns false where only the opened object can take the value. */
  put(key: string, node: RawNode): boolean
  /** All fields, edited. */
  opened(): Map<string, JsonNode>
}

/** An object. Keys are decoded (real Unicode), in document order; values may be unopened. `__proto__` is a key like any other. */
export class ObjectNode {
  readonly kind = 'object'
  /** The validated text this object was read from while it is unchanged: a body without shaping is sent on as it came. */
  raw: RawNode | undefined
  /** The text it was read from, also when it was changed since. */
  readonly origin: RawNode | undefined
  private fields: Map<string, JsonNode> | undefined
  /** Edits of a closed object, whose {@link raw} no longer holds; {@link peek} opens it with them. */
  private covered: FieldOverlay | undefined

  /** @param raw given without fields: an object that is still closed. Neither: an empty object. */
  constructor(fields?: Map<string, JsonNode>, raw?: RawNode) {
    this.fields = fields === undefined && raw === undefined ? new Map() : fields
    this.raw = raw
    this.origin = raw
    this.covered = undefined
  }

  /** Wraps validated text of an object, a byte string, unopened. */
  static ofText(text: string): ObjectNode {
    return new ObjectNode(undefined, new RawNode(text))
  }

  /** The validated text, a byte string; undefined after a change. */
  get text(): string | undefined {
    return this.raw?.text
  }

  /** Opened fields or undefined while closed; `openObject` in `scan.ts` opens. */
  peek(): Map<string, JsonNode> | undefined {
    if (this.covered !== undefined) {
      this.fields = this.covered.opened()
      this.covered = undefined
    }
    return this.fields
  }

  get isOpen(): boolean {
    return this.fields !== undefined
  }

  get overlay(): FieldOverlay | undefined {
    return this.covered
  }

  /** Puts edits over the text of a closed object. */
  cover(overlay: FieldOverlay): void {
    this.covered = overlay
    this.raw = undefined
  }

  /** Remembers the opened fields; the text stays valid until {@link touch}. */
  open(fields: Map<string, JsonNode>): Map<string, JsonNode> {
    this.fields = fields
    return fields
  }

  /** Declares that the opened fields were changed: the text no longer holds. */
  touch(): void {
    if (this.fields === undefined) throw new TypeError('a closed object was changed: open it first')
    this.raw = undefined
  }
}

/** An opened array. */
export class ArrayNode {
  readonly kind = 'array'
  readonly items: JsonNode[]

  constructor(items: JsonNode[]) {
    this.items = items
  }
}
