/**
 * The `yaml` renderer.
 *
 * KrakenD's layout: keys sorted, sequences not indented, long lines not folded, texts of several lines as blocks, double quotes where quotes
 * are needed. Its oddity is kept: numbers are written as quoted strings (`a: "1"`), so they keep their spelling and readers that cope with it
 * go on working. A container is written when it ends. The library that reads YAML configurations is not used: it cannot write in slices.
 */

import { GatewayError } from '../../errors.js'
import type { ObjectNode } from '../../message/json/node.js'
import { writeJson } from '../../message/json/render.js'
import { runSliced, type Sliced } from '../../message/slices.js'
import { JoinedTexts, joinTexts } from '../join-texts.js'
import { type JsonSink, walkJson } from '../json/walk.js'
import { sortByKey, sortFewByKey } from '../sort-by-key.js'
import type { Rendered, Renderer } from '../types.js'
import { yamlKey, yamlLongString, yamlNumber, yamlString } from './scalar.js'

const CONTENT_TYPE = 'application/yaml; charset=utf-8'

/**
 * Renders `application/yaml`; no response and a null document are `{}`.
 * @throws GatewayError SLUICE_ERR_GATEWAY_INTERNAL for data so deep that its indentation is many times its text.
 */
export const renderYaml: Renderer = (data, _accept, scope) => runSliced(rendered(data), scope)

function* rendered(data: ObjectNode | null | undefined): Sliced<Rendered> {
  const json = yield* writeJson(data ?? undefined)
  const writer = new YamlWriter(json.length)
  yield* walkJson(json.toString('latin1'), writer)
  return { contentType: CONTENT_TYPE, body: Buffer.from(`${writer.document.trimStart()}\n`, 'utf8') }
}

/** Indentation may make a text this much larger than its JSON, beyond {@link FREE_LENGTH} characters. */
const MOST_TIMES = 16
const FREE_LENGTH = 64 * 1024 * 1024

/** Fields that are joined before others get their turn. */
const STEP = 2048

/** A container that has begun. Its parts have no indentation on their first line. */
interface Frame {
  readonly indent: string
  /** Keys of an object; undefined for an array. */
  readonly keys: string[] | undefined
  readonly fields: string[]
  readonly items: JoinedTexts
  isEmpty: boolean
}

class YamlWriter implements JsonSink {
  /** The whole text, once the walk has ended. */
  document = ''
  private readonly mostLength: number
  private readonly stack: Frame[] = []

  constructor(jsonLength: number) {
    this.mostLength = Math.max(FREE_LENGTH, jsonLength * MOST_TIMES)
  }

  open(isObject: boolean): void {
    const parent = this.stack.at(-1)
    const isDeeper = parent !== undefined && (isObject || parent.keys === undefined)
    const indent = parent === undefined ? '' : isDeeper ? `${parent.indent}  ` : parent.indent
    this.stack.push({
      indent,
      keys: isObject ? [] : undefined,
      fields: [],
      items: new JoinedTexts(`\n${indent}`),
      isEmpty: true
    })
  }

  key(key: string): void {
    this.stack.at(-1)!.keys!.push(key)
  }

  string(text: string): void {
    this.value(` ${yamlString(text, `${this.stack.at(-1)!.indent}  `)}`)
  }

  *longString(pieces: readonly string[]): Sliced<void> {
    this.value(` ${yield* yamlLongString(pieces, `${this.stack.at(-1)!.indent}  `)}`)
  }

  word(text: string): void {
    const isNumber = text !== 'true' && text !== 'false' && text !== 'null'
    this.value(` ${isNumber ? yamlNumber(text) : text}`)
  }

  close(): Sliced<void> | undefined {
    const { indent, keys, fields, items, isEmpty } = this.stack.pop()!
    if (isEmpty) this.value(keys === undefined ? ' []' : ' {}')
    else if (keys === undefined) this.container(items.finish(), indent)
    else {
      const sorted = sortFewByKey(keys, fields)
      if (sorted === undefined) return this.closeLarge(keys, fields, indent)
      this.container(joinTexts(sorted, `\n${indent}`), indent)
    }
    return undefined
  }

  private *closeLarge(keys: readonly string[], fields: readonly string[], indent: string): Sliced<void> {
    const joined = new JoinedTexts(`\n${indent}`)
    let added = 0
    for (const field of yield* sortByKey(keys, fields)) {
      if (++added % STEP === 0) yield
      joined.add(field)
    }
    this.container(joined.finish(), indent)
  }

  private container(text: string, indent: string): void {
    if (text.length > this.mostLength) {
      throw new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { message: 'the data is nested too deep to be written as YAML' })
    }
    this.value(this.stack.at(-1)?.keys === undefined ? ` ${text}` : `\n${indent}${text}`)
  }

  /** Takes a value with what stands between it and its key or hyphen. */
  private value(text: string): void {
    const parent = this.stack.at(-1)
    if (parent === undefined) {
      this.document = text
      return
    }
    parent.isEmpty = false
    if (parent.keys === undefined) parent.items.add(`-${text}`)
    else parent.fields.push(`${yamlKey(parent.keys.at(-1)!)}:${text}`)
  }
}
