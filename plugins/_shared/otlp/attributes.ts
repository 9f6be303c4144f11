/** `KeyValue` of OTLP: a key that was encoded before, and a value. Each function writes one whole field with the given tag. */

import { Buffer } from 'node:buffer'
import { ProtoWriter } from './proto-writer.js'

/** A value of an attribute that is known beforehand. */
export type AttributeValue = string | number | boolean

/** Longest text that is written, in characters; what is longer is cut. */
const MAX_TEXT = 4096

const KEY = 0x0a
const VALUE = 0x12
const STRING_VALUE = 0x0a
const BOOL_VALUE = 0x10
const INT_VALUE = 0x18
const DOUBLE_VALUE = 0x21
const ARRAY_VALUE = 0x2a
const ELEMENT = 0x0a

/** An encoded key. */
export type Key = Buffer

/** Encodes a key. */
export function keyOf(name: string): Key {
  const writer = new ProtoWriter(name.length + 8)
  writer.text(name)
  writer.message(0, KEY)
  return Buffer.from(writer.written())
}

export function textAttribute(writer: ProtoWriter, tag: number, key: Key, value: string): void {
  const mark = writer.size
  writer.text(value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value)
  writer.message(mark, STRING_VALUE)
  finish(writer, mark, tag, key)
}

/** A text in two parts, which are not joined beforehand. */
export function urlAttribute(writer: ProtoWriter, tag: number, key: Key, origin: string, path: string): void {
  if (origin.length + path.length > MAX_TEXT) return textAttribute(writer, tag, key, origin + path)
  const mark = writer.size
  writer.text(path)
  writer.text(origin)
  writer.message(mark, STRING_VALUE)
  finish(writer, mark, tag, key)
}

/** An attribute whose text mostly is the one before: it is encoded once it has come twice in a row. */
export class RememberedText {
  private readonly tag: number
  private readonly key: Key
  private readonly shownAs: ((value: string) => string) | undefined
  private last: string | undefined = undefined
  private lastBytes: Buffer | undefined = undefined

  /** @param shownAs makes the text that is written; undefined = the value itself */
  constructor(tag: number, key: Key, shownAs?: (value: string) => string) {
    this.tag = tag
    this.key = key
    this.shownAs = shownAs
  }

  write(writer: ProtoWriter, value: string): void {
    if (value === this.last) {
      if (this.lastBytes === undefined) this.remember(value)
      writer.raw(this.lastBytes!)
      return
    }
    this.last = value
    this.lastBytes = undefined
    textAttribute(writer, this.tag, this.key, this.textOf(value))
  }

  private textOf(value: string): string {
    return this.shownAs === undefined ? value : this.shownAs(value)
  }

  private remember(value: string): void {
    const own = new ProtoWriter(64)
    textAttribute(own, this.tag, this.key, this.textOf(value))
    this.lastBytes = Buffer.from(own.written())
  }
}

/** An integer. */
export function intAttribute(writer: ProtoWriter, tag: number, key: Key, value: number): void {
  const mark = writer.size
  writer.varint(value)
  writer.byte(INT_VALUE)
  finish(writer, mark, tag, key)
}

export function doubleAttribute(writer: ProtoWriter, tag: number, key: Key, value: number): void {
  const mark = writer.size
  writer.double(value)
  writer.byte(DOUBLE_VALUE)
  finish(writer, mark, tag, key)
}

export function boolAttribute(writer: ProtoWriter, tag: number, key: Key, value: boolean): void {
  const mark = writer.size
  writer.byte(value ? 1 : 0)
  writer.byte(BOOL_VALUE)
  finish(writer, mark, tag, key)
}

/** A list of texts. */
export function textsAttribute(writer: ProtoWriter, tag: number, key: Key, values: readonly string[]): void {
  const mark = writer.size
  for (let i = values.length - 1; i >= 0; i--) {
    const value = values[i]!
    const element = writer.size
    writer.text(value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value)
    writer.message(element, STRING_VALUE)
    writer.message(element, ELEMENT)
  }
  writer.message(mark, ARRAY_VALUE)
  finish(writer, mark, tag, key)
}

function finish(writer: ProtoWriter, mark: number, tag: number, key: Key): void {
  writer.message(mark, VALUE)
  writer.raw(key)
  writer.message(mark, tag)
}

/** Encodes attributes that never change, in order. Whole numbers become integers. */
export function encodeAttributes(tag: number, attributes: readonly (readonly [name: string, value: AttributeValue])[]): Buffer {
  const writer = new ProtoWriter(256)
  for (const [name, value] of attributes.toReversed()) {
    const key = keyOf(name)
    if (typeof value === 'string') textAttribute(writer, tag, key, value)
    else if (typeof value === 'boolean') boolAttribute(writer, tag, key, value)
    else if (Number.isInteger(value)) intAttribute(writer, tag, key, value)
    else doubleAttribute(writer, tag, key, value)
  }
  return Buffer.from(writer.written())
}

/** Encodes a text field of a message. */
export function encodeText(tag: number, value: string): Buffer {
  const writer = new ProtoWriter(value.length + 16)
  writer.text(value)
  writer.message(0, tag)
  return Buffer.from(writer.written())
}
