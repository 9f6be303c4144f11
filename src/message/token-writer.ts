import { GatewayError } from '../errors.js'
import type { Token } from './token-pipe.js'

const IN_OBJECT = true

/** Writes tokens as JSON text and refuses what would not be JSON: a stage's mistake must not reach the client. */
export class TokenWriter {
  private text = ''
  private readonly open: boolean[] = []
  /** What stands before the next value or key: nothing, a comma. */
  private separator = ''
  private afterKey = false
  private complete = false

  /** @throws GatewayError SLUICE_ERR_PLUGIN_FAILED when the token cannot stand here. */
  token(t: Token): void {
    switch (t.name) {
      case 'endObject':
      case 'endArray':
        this.close(t.name === 'endObject')
        return
      case 'keyValue':
        if (this.afterKey || this.open[this.open.length - 1] !== IN_OBJECT) throw misplaced(t)
        this.text += `${this.separator}${quote(t.value)}:`
        this.separator = ''
        this.afterKey = true
        return
      default:
        this.value(t)
    }
  }

  /** Text since the last call. */
  take(): string {
    const text = this.text
    this.text = ''
    return text
  }

  /** @throws GatewayError SLUICE_ERR_PLUGIN_FAILED when something is still open. No token at all is an empty body. */
  end(): void {
    if (this.open.length > 0)
      throw new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'a token stage left an object or array open' })
  }

  private value(t: Token): void {
    const inside = this.open.length > 0
    if (this.complete || (inside && this.open[this.open.length - 1] === IN_OBJECT && !this.afterKey)) throw misplaced(t)
    this.text += this.separator
    this.separator = ','
    this.afterKey = false
    if (t.name === 'startObject' || t.name === 'startArray') {
      const object = t.name === 'startObject'
      this.open.push(object)
      this.text += object ? '{' : '['
      this.separator = ''
      return
    }
    this.text +=
      t.name === 'stringValue' ? quote(t.value) : t.name === 'numberValue' ? t.value : LITERALS[t.name as keyof typeof LITERALS]
    this.complete = !inside
  }

  private close(object: boolean): void {
    if (this.afterKey || this.open.pop() !== object) throw misplaced({ name: object ? 'endObject' : 'endArray' })
    this.text += object ? '}' : ']'
    this.separator = ','
    this.complete = this.open.length === 0
  }
}

const LITERALS = { trueValue: 'true', falseValue: 'false', nullValue: 'null' } as const

const PLAIN = /^[ !#-[\]-~]*$/
const quote = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

function misplaced(t: Token): GatewayError {
  return new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: `a token stage pushed ${t.name} where it cannot stand` })
}
