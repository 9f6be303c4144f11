/** Whole elements of an array that is too large to be held, one at a time. */

import { GatewayError } from '../errors.js'
import { DEFAULT_MAX_BODY_BYTES } from '../message/body.js'
import { parseJsonValue, stringifyJsonValue } from '../message/json/exact-json.js'
import { isObject, numberText } from '../message/json/json-numbers.js'
import type { Token, TokenStage } from '../message/public.js'
import { TokenWriter } from '../message/tokens/token-writer.js'

/** Options of {@link items}. */
export interface ItemsOptions {
  /** Largest element as JSON text, characters. Default 10 MiB. */
  readonly maxItemLength?: number
}

/**
 * Makes a token stage that hands over the elements of one array. Memory holds one element; numbers that `edit` does not
 * replace keep their source text.
 *
 * @param path keys from the root to the array, as a list or joined by dots; `''` = the root itself
 * @param edit returns what stands in the element's place, mostly the element itself; `undefined` leaves it out
 */
export function items<T = unknown>(
  path: string | readonly string[],
  edit: (item: T, index: number) => unknown,
  options: ItemsOptions = {}
): TokenStage {
  const keys = typeof path === 'string' ? (path === '' ? [] : path.split('.')) : path
  return new Items(keys, edit as (item: unknown, index: number) => unknown, options.maxItemLength ?? DEFAULT_MAX_BODY_BYTES)
}

type Push = (t: Token) => void

class Items implements TokenStage {
  private readonly keys: readonly string[]
  private readonly edit: (item: unknown, index: number) => unknown
  private readonly maxLength: number
  /** Open containers. */
  private depth = 0
  /** How many of them lie on the path. */
  private level = 0
  /** The value to come is the one that the path names next. */
  private armed: boolean
  /** Inside the array. */
  private inside = false
  private index = 0
  /** The element being put together. */
  private writer = new TokenWriter()
  private text = ''
  private tokens: Token[] = []
  private open = 0

  constructor(keys: readonly string[], edit: (item: unknown, index: number) => unknown, maxLength: number) {
    this.keys = keys
    this.edit = edit
    this.maxLength = maxLength
    this.armed = true
  }

  token(t: Token, push: Push): void {
    if (this.inside) this.element(t, push)
    else {
      this.follow(t)
      push(t)
    }
  }

  /** Keeps the place in the document up to date. */
  private follow(t: Token): void {
    switch (t.name) {
      case 'keyValue':
        this.armed = this.depth === this.level && this.level > 0 && t.value === this.keys[this.level - 1]
        return
      case 'startObject':
        if (this.armed && this.depth === this.level && this.level <= this.keys.length) this.level++
        this.depth++
        break
      case 'startArray':
        if (this.armed && this.depth === this.level && this.level === this.keys.length) this.inside = true
        this.depth++
        break
      case 'endObject':
      case 'endArray':
        if (this.depth === this.level) this.level--
        this.depth--
        break
    }
    this.armed = false
  }

  private element(t: Token, push: Push): void {
    if (t.name === 'endArray' && this.open === 0) {
      this.inside = false
      this.depth--
      this.index = 0
      push(t)
      return
    }
    this.tokens.push(t)
    this.writer.token(t)
    this.text += this.writer.take()
    if (this.text.length > this.maxLength) {
      throw new GatewayError('SLUICE_ERR_BODY_TOO_LARGE', {
        message: 'an element is over the limit of items()',
        limit: `item=${this.maxLength}`
      })
    }
    if (t.name === 'startObject' || t.name === 'startArray') this.open++
    else if (t.name === 'endObject' || t.name === 'endArray') this.open--
    if (this.open === 0) this.finish(push)
  }

  private finish(push: Push): void {
    const { text, tokens } = this
    this.text = ''
    this.tokens = []
    this.writer = new TokenWriter()
    const parsed = parseJsonValue(text)
    const edited = this.edit(parsed, this.index++)
    if (edited === undefined) return
    const written = edited === parsed && !isObject(edited) ? text : stringifyJsonValue(edited)
    if (written === text) for (const t of tokens) push(t)
    else pushValue(parseJsonValue(written), written, push)
  }
}

/** @param text how a number that stands alone is written */
function pushValue(value: unknown, text: string, push: Push): void {
  if (value === null) push({ name: 'nullValue', value: null })
  else if (value === true) push({ name: 'trueValue', value: true })
  else if (value === false) push({ name: 'falseValue', value: false })
  else if (typeof value === 'string') push({ name: 'stringValue', value })
  else if (typeof value === 'number') push({ name: 'numberValue', value: text })
  else if (Array.isArray(value)) {
    push({ name: 'startArray' })
    for (let i = 0; i < value.length; i++) pushValue(value[i], numberOf(value, i, value[i]), push)
    push({ name: 'endArray' })
  } else {
    push({ name: 'startObject' })
    for (const key of Object.keys(value as object)) {
      const item = (value as Record<string, unknown>)[key]
      push({ name: 'keyValue', value: key })
      pushValue(item, numberOf(value as object, key, item), push)
    }
    push({ name: 'endObject' })
  }
}

function numberOf(container: object, key: string | number, value: unknown): string {
  return typeof value === 'number' ? numberText(container, key, value) : ''
}
