/** The two ends of a streamed shape: what the document must be, and what is taken out of the shaped one. */

import { GatewayError } from '../errors.js'
import type { Token, TokenStage } from '../message/token-pipe.js'

type Push = (t: Token) => void

const KINDS: Partial<Record<Token['name'], string>> = {
  startObject: 'object',
  startArray: 'array',
  stringValue: 'string',
  numberValue: 'number',
  trueValue: 'bool',
  falseValue: 'bool'
}

/** What a document may be: `any` takes what `safejson` takes. */
export type RootKind = 'object' | 'array' | 'any'

/** Refuses a document of the wrong kind; puts what is no object under its key. */
export class RootCheck implements TokenStage {
  private readonly wanted: RootKind
  private seen = false
  private wraps = false

  constructor(wanted: RootKind) {
    this.wanted = wanted
  }

  token(t: Token, push: Push): void {
    if (!this.seen) this.begin(t, push)
    push(t)
  }

  end(push: Push): void {
    if (this.wraps) push(END_OBJECT)
  }

  private begin(t: Token, push: Push): void {
    this.seen = true
    const kind = KINDS[t.name]
    if (this.wanted !== 'any' && kind !== undefined && kind !== this.wanted) {
      const type = this.wanted === 'array' ? '[]interface {}' : 'map[string]interface {}'
      throw new GatewayError('SLUICE_ERR_UPSTREAM_DECODE', {
        message: `json: cannot unmarshal ${kind} into Go value of type ${type}`
      })
    }
    this.wraps = this.wanted === 'array' || (this.wanted === 'any' && kind !== 'object')
    if (!this.wraps) return
    push(START_OBJECT)
    push({ name: 'keyValue', value: this.wanted === 'any' && kind !== 'array' ? 'content' : 'collection' })
  }
}

export const START_OBJECT: Token = { name: 'startObject' }
export const END_OBJECT: Token = { name: 'endObject' }

/** Answers the value of the root's `collection` alone, `[]` when there is none. */
export class CollectionPick implements TokenStage {
  private depth = 0
  private picking = false
  private found = false

  token(t: Token, push: Push): void {
    const opens = t.name === 'startObject' || t.name === 'startArray'
    const closes = t.name === 'endObject' || t.name === 'endArray'
    if (closes) this.depth--
    if (this.depth === 1 && t.name === 'keyValue') {
      this.picking = t.value === 'collection'
      this.found ||= this.picking
    } else if (this.picking && this.depth > 0) push(t)
    if (opens) this.depth++
  }

  end(push: Push): void {
    if (this.found) return
    push({ name: 'startArray' })
    push({ name: 'endArray' })
  }
}
