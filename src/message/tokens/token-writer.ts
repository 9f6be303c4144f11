/**
 * Tokens back to JSON text. What would not be JSON is refused: a stage's mistake must not reach the client. In: tokens.
 * Out: text (`TokenWriter`), or its UTF-8 bytes (`token-bytes.ts`, for bodies).
 */

import { GatewayError } from '../../errors.js'
import type { LongToken } from './long-tokens.js'

const IN_OBJECT = true
const COMMA = 0x2c
const COLON = 0x3a
const QUOTE = 0x22

/** Which token can stand where; how it is written is the subclass's. */
export abstract class TokenGrammar {
  private readonly open: boolean[] = []
  /** A comma stands before the next value or key. */
  private comma = false
  private afterKey = false
  private complete = false
  /** The long value whose chunks come. */
  private long: 'string' | 'number' | undefined

  /** Writes one character of JSON's own, by its code. */
  protected abstract mark(code: number): void
  /** Writes a key or a string with its quotes. */
  protected abstract string(value: string): void
  /** Writes a part of a string, without quotes. */
  protected abstract part(value: string): void
  /** Writes a number or a literal. */
  protected abstract plain(text: string): void

  /** @throws GatewayError SLUICE_ERR_PLUGIN_FAILED when the token cannot stand here. */
  token(t: LongToken): void {
    if (this.long !== undefined) return this.longPart(t)
    switch (t.name) {
      case 'endObject':
      case 'endArray':
        this.close(t.name === 'endObject')
        return
      case 'keyValue':
        if (this.afterKey || this.open[this.open.length - 1] !== IN_OBJECT) throw misplaced(t)
        if (this.comma) this.mark(COMMA)
        this.string(t.value)
        this.mark(COLON)
        this.comma = false
        this.afterKey = true
        return
      case 'stringChunk':
      case 'numberChunk':
      case 'endString':
      case 'endNumber':
        throw misplaced(t)
      default:
        this.value(t)
    }
  }

  private longPart(t: LongToken): void {
    const isString = this.long === 'string'
    if (t.name === (isString ? 'stringChunk' : 'numberChunk')) {
      const { value } = t as { readonly value: string }
      if (isString) this.part(value)
      else this.plain(value)
      return
    }
    if (t.name !== (isString ? 'endString' : 'endNumber')) throw misplaced(t)
    if (isString) this.mark(QUOTE)
    this.long = undefined
    this.complete = this.open.length === 0
  }

  /** @throws GatewayError SLUICE_ERR_PLUGIN_FAILED when something is still open. No token at all is an empty body. */
  end(): void {
    if (this.open.length > 0 || this.long !== undefined)
      throw new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'a token stage left an object, array or value open' })
  }

  private value(t: LongToken): void {
    const inside = this.open.length > 0
    if (this.complete || (inside && this.open[this.open.length - 1] === IN_OBJECT && !this.afterKey)) throw misplaced(t)
    if (this.comma) this.mark(COMMA)
    this.comma = true
    this.afterKey = false
    if (t.name === 'startObject' || t.name === 'startArray') {
      const object = t.name === 'startObject'
      this.open.push(object)
      this.mark(object ? 0x7b : 0x5b)
      this.comma = false
      return
    }
    if (t.name === 'startString' || t.name === 'startNumber') {
      this.long = t.name === 'startString' ? 'string' : 'number'
      if (this.long === 'string') this.mark(QUOTE)
      return
    }
    if (t.name === 'stringValue') this.string(t.value)
    else this.plain(t.name === 'numberValue' ? t.value : LITERALS[t.name as keyof typeof LITERALS])
    this.complete = !inside
  }

  private close(object: boolean): void {
    if (this.afterKey || this.open.pop() !== object) throw misplaced({ name: object ? 'endObject' : 'endArray' })
    this.mark(object ? 0x7d : 0x5d)
    this.comma = true
    this.complete = this.open.length === 0
  }
}

/** Writes tokens as a string. */
export class TokenWriter extends TokenGrammar {
  private text = ''

  /** Text since the last call. */
  take(): string {
    const text = this.text
    this.text = ''
    return text
  }

  protected mark(code: number): void {
    this.text += String.fromCharCode(code)
  }

  protected string(value: string): void {
    this.text += isPlain(value) ? `"${value}"` : JSON.stringify(value)
  }

  protected part(value: string): void {
    this.text += isPlain(value) ? value : JSON.stringify(value).slice(1, -1)
  }

  protected plain(text: string): void {
    this.text += text
  }
}

const LITERALS = { trueValue: 'true', falseValue: 'false', nullValue: 'null' } as const

const PLAIN = /^[ !#-[\]-~]*$/

/** Whether JSON writes a string as it is: ASCII without quotes, backslashes and control characters. */
export const isPlain = (value: string): boolean => PLAIN.test(value)

function misplaced(t: Pick<LongToken, 'name'>): GatewayError {
  return new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: `a token stage pushed ${t.name} where it cannot stand` })
}
