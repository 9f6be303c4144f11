/**
 * The `yaml` renderer.
 *
 * KrakenD's layout: keys sorted, sequences not indented, long lines not folded, texts of several lines as blocks, double quotes where quotes
 * are needed. Its oddity is kept: numbers are written as quoted strings (`a: "1"`), so they keep their spelling and readers that cope with it
 * go on working. The JSON of the data is read once, from left to right, and a container is written when it ends; the library that reads YAML
 * configurations cannot write in slices.
 */

import { GatewayError } from '../errors.js'
import { AT_ONCE_BYTES, runSliced, runWhole, type Sliced } from '../message/slices.js'
import { JoinedTexts, joinTexts } from './join-texts.js'
import { renderJson } from './json-render.js'
import { decodeString } from './json-scan.js'
import { endOfString } from './plain-value.js'
import { sortByKey } from './sort-by-key.js'
import type { Rendered, Renderer } from './types.js'
import { yamlKey, yamlNumber, yamlString } from './yaml-scalar.js'

const CONTENT_TYPE = 'application/yaml; charset=utf-8'

/**
 * Renders `application/yaml`; no response is `{}`, a null document `null`.
 * @throws GatewayError SLUICE_ERR_GATEWAY_INTERNAL for data so deep that its indentation is many times its text.
 */
export const renderYaml: Renderer = data => {
  const json = renderJson(data)
  const writing = new YamlWriter(json.toString('latin1')).write()
  return json.length <= AT_ONCE_BYTES ? rendered(runWhole(writing)) : runSliced(writing, undefined).then(rendered)
}

const rendered = (text: string): Rendered => ({ contentType: CONTENT_TYPE, body: Buffer.from(`${text}\n`, 'utf8') })

/** Values that are written before other exchanges get their turn. */
const STEP = 2048
/** Indentation may make a text this much larger than its JSON, beyond {@link FREE_LENGTH} characters. */
const MOST_TIMES = 16
const FREE_LENGTH = 64 * 1024 * 1024

/** A container that has begun. Its parts have no indentation on their first line. */
interface Frame {
  readonly indent: string
  /** Keys of an object, one more than fields while a value is read; undefined for an array. */
  readonly keys: string[] | undefined
  readonly fields: string[]
  readonly items: JoinedTexts
  /** Fields or items. */
  size: number
}

const WORD = /[^,\]} \t\n\r]+/y

class YamlWriter {
  /** Validated JSON, a byte string. */
  private readonly json: string
  private readonly mostLength: number
  private readonly stack: Frame[] = []
  private at = 0

  constructor(json: string) {
    this.json = json
    this.mostLength = Math.max(FREE_LENGTH, json.length * MOST_TIMES)
  }

  /** Returns the document, without the line feed at its end. */
  *write(): Sliced<string> {
    for (let values = 0; ; ) {
      const char = this.json[this.at]!
      if (char === ' ' || char === ',' || char === ':' || char === '\n' || char === '\t' || char === '\r') {
        this.at++
        continue
      }
      if (char === '{' || char === '[') {
        this.open(char === '{')
        continue
      }
      const top = this.stack.at(-1)
      if (char === '"' && top?.keys?.length === top?.size) {
        top!.keys!.push(this.string())
        continue
      }
      const value = char === '}' || char === ']' ? yield* this.close() : this.scalar(char)
      const parent = this.stack.at(-1)
      if (parent === undefined) return value.trimStart()
      parent.size++
      if (parent.keys === undefined) parent.items.add(`-${value}`)
      else parent.fields.push(`${yamlKey(parent.keys.at(-1)!)}:${value}`)
      if (++values % STEP === 0) yield
    }
  }

  private open(isObject: boolean): void {
    const parent = this.stack.at(-1)
    const isDeeper = parent !== undefined && (isObject || parent.keys === undefined)
    const indent = parent === undefined ? '' : isDeeper ? `${parent.indent}  ` : parent.indent
    this.stack.push({ indent, keys: isObject ? [] : undefined, fields: [], items: new JoinedTexts(`\n${indent}`), size: 0 })
    this.at++
  }

  /** Ends the innermost container. Returns it with what stands between it and its key or hyphen. */
  private *close(): Sliced<string> {
    this.at++
    const { indent, keys, fields, items, size } = this.stack.pop()!
    if (size === 0) return keys === undefined ? ' []' : ' {}'
    const text = keys === undefined ? items.finish() : joinTexts(yield* sortByKey(keys, fields), `\n${indent}`)
    if (text.length > this.mostLength) {
      throw new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { message: 'the data is nested too deep to be written as YAML' })
    }
    return this.stack.at(-1)?.keys === undefined ? ` ${text}` : `\n${indent}${text}`
  }

  private scalar(char: string): string {
    if (char === '"') return ` ${yamlString(this.string(), `${this.stack.at(-1)?.indent ?? ''}  `)}`
    WORD.lastIndex = this.at
    const word = WORD.exec(this.json)![0]
    this.at += word.length
    return ` ${char === 't' || char === 'f' || char === 'n' ? word : yamlNumber(word)}`
  }

  private string(): string {
    const start = this.at
    this.at = endOfString(this.json, start) + 1
    return decodeString(this.json.slice(start, this.at))
  }
}
