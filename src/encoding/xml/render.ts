/**
 * The `xml` renderer, by KrakenD's rules.
 *
 * A single root key is the root element, anything else is wrapped in `<doc>`. Arrays repeat their element, `-x` keys are attributes,
 * `#text` is the text; null, "" and empty containers give `<key/>`. Keys are sorted. Text and names are escaped: a key that is no XML
 * name is written as it is (KrakenD does), but can never open or close markup.
 */

import { GatewayError } from '../../errors.js'
import type { ObjectNode } from '../../message/json/node.js'
import { writeJson } from '../../message/json/render.js'
import { runSliced, type Sliced } from '../../message/slices.js'
import { JoinedTexts } from '../join-texts.js'
import { type JsonSink, walkJson } from '../json/walk.js'
import { sortByKey, sortFewByKey } from '../sort-by-key.js'
import type { Rendered, Renderer } from '../types.js'

const ROOT = 'doc'
const EMPTY = Buffer.alloc(0)

/** Renders `application/xml`. No response at all is an empty body. */
export const renderXml: Renderer = (data, _accept, scope) => {
  if (data === undefined) return { contentType: 'application/xml; charset=utf-8', body: EMPTY }
  return runSliced(rendered(data), scope)
}

function* rendered(data: ObjectNode | null): Sliced<Rendered> {
  const writer = new XmlWriter()
  yield* walkJson((yield* writeJson(data)).toString('latin1'), writer)
  return { contentType: 'application/xml', body: Buffer.from(writer.document, 'utf8') }
}

/** A field of an object: it is known only at the end whether `-x` is an attribute or the root element. */
interface Field {
  readonly key: string
  /** The value as an element of its key. */
  readonly element: string
  /** The value of an attribute or of `#text`; undefined for what is no scalar. */
  readonly text: string | undefined
  /** The value is a list that holds something else than objects. */
  readonly isMixedList: boolean
}

/** A container that has begun. */
interface Frame {
  /** Name of its element, of each of its elements for an array. */
  readonly name: string
  /** Undefined for an array. */
  readonly keys: string[] | undefined
  readonly fields: Field[]
  readonly items: JoinedTexts
  isEmpty: boolean
  isMixed: boolean
}

class XmlWriter implements JsonSink {
  /** The whole text, once the walk has ended. */
  document = ''
  private readonly stack: Frame[] = []

  open(isObject: boolean): void {
    this.stack.push({
      name: this.name,
      keys: isObject ? [] : undefined,
      fields: [],
      items: new JoinedTexts(''),
      isEmpty: true,
      isMixed: false
    })
  }

  key(key: string): void {
    this.stack.at(-1)!.keys!.push(key)
  }

  string(text: string): void {
    this.scalar(escapeText(text))
  }

  *longString(pieces: readonly string[]): Sliced<void> {
    let text = ''
    for (const piece of pieces) {
      text += escapeText(piece)
      yield
    }
    this.scalar(text)
  }

  word(text: string): void {
    this.scalar(text === 'null' ? '' : text)
  }

  close(): Sliced<void> | undefined {
    const frame = this.stack.pop()!
    if (frame.keys === undefined) {
      this.value(frame.isEmpty ? `<${frame.name}/>` : frame.items.finish(), undefined, frame.isMixed ? 'mixed' : 'list')
      return undefined
    }
    const fields = sortFewByKey(frame.keys, frame.fields)
    if (fields === undefined) return this.closeLarge(frame.name, frame.keys, frame.fields)
    const isRoot = this.stack.length === 0
    const only = isRoot && fields.length === 1 ? fields[0]! : undefined
    if (only !== undefined && !only.isMixedList) this.document = only.element
    else {
      const element = new ObjectElement(isRoot ? ROOT : frame.name)
      for (const field of fields) element.add(field)
      this.value(element.finish(), undefined, 'object')
    }
    return undefined
  }

  private *closeLarge(name: string, keys: readonly string[], unsorted: readonly Field[]): Sliced<void> {
    const element = new ObjectElement(name)
    let added = 0
    for (const field of yield* sortByKey(keys, unsorted)) {
      if (++added % STEP === 0) yield
      element.add(field)
    }
    this.value(element.finish(), undefined, 'object')
  }

  /** Name of the element that the next value becomes. */
  private get name(): string {
    const parent = this.stack.at(-1)
    if (parent === undefined) return ROOT
    return parent.keys === undefined ? parent.name : nameOf(parent.keys.at(-1)!)
  }

  private scalar(text: string): void {
    const { name } = this
    this.value(text === '' ? `<${name}/>` : `<${name}>${text}</${name}>`, text, 'scalar')
  }

  private value(element: string, text: string | undefined, kind: 'scalar' | 'object' | 'list' | 'mixed'): void {
    const parent = this.stack.at(-1)
    if (parent === undefined) {
      this.document = element
      return
    }
    parent.isEmpty = false
    if (parent.keys === undefined) {
      parent.items.add(element)
      if (kind !== 'object') parent.isMixed = true
    } else parent.fields.push({ key: parent.keys.at(-1)!, element, text, isMixedList: kind === 'mixed' })
  }
}

/** Fields that are written before others get their turn. */
const STEP = 2048

/** An object's element being put together, field by field in their order. */
class ObjectElement {
  private readonly name: string
  private attributes = ''
  private text = ''
  private readonly children = new JoinedTexts('')

  constructor(name: string) {
    this.name = name
  }

  add(field: Field): void {
    const { key } = field
    if (key === '#text') this.text = textOf(field)
    else if (key.length > 1 && key.startsWith('-')) this.attributes += ` ${nameOf(key.slice(1))}="${textOf(field)}"`
    else this.children.add(field.element)
  }

  finish(): string {
    const { name, attributes } = this
    const content = this.text + this.children.finish()
    return content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`
  }
}

/** The text of an attribute or of `#text`; KrakenD fails on anything but a scalar as well. */
function textOf({ key, text }: Field): string {
  if (text === undefined) {
    throw new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { message: `invalid attribute value for: ${key}` })
  }
  return text
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }
const MARKUP = /[&<>"'\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g

function escapeText(text: string): string {
  return text.replace(MARKUP, char => ESCAPES[char] ?? '\uFFFD') // XML 1.0 §2.2: the rest has no spelling at all
}

/** KrakenD writes such characters into names unescaped; that would let an upstream's key inject elements. */
function nameOf(key: string): string {
  return key === '' ? '_' : key.replace(MARKUP, '_')
}
