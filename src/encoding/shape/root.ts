/** The two ends of a streamed shape: what the document must be, and what is taken out of the shaped one. */

import { GatewayError } from '../../errors.js'
import type { LongToken, LongTokenStage } from '../../message/tokens/long-tokens.js'

type Push = (t: LongToken) => void

const KINDS: Partial<Record<LongToken['name'], string>> = {
  startObject: 'object',
  startArray: 'array',
  stringValue: 'string',
  startString: 'string',
  numberValue: 'number',
  startNumber: 'number',
  trueValue: 'bool',
  falseValue: 'bool'
}

/** Begins an object, an array, or a value that comes in chunks. */
export const opens = ({ name }: LongToken): boolean =>
  name === 'startObject' || name === 'startArray' || name === 'startString' || name === 'startNumber'

/** Ends what {@link opens} began. */
export const closes = ({ name }: LongToken): boolean =>
  name === 'endObject' || name === 'endArray' || name === 'endString' || name === 'endNumber'

/** What a document may be: `any` takes what `safejson` takes. */
export type RootKind = 'object' | 'array' | 'any'

/** Refuses a document of the wrong kind; puts what is no object under its key. */
export class RootCheck implements LongTokenStage {
  private readonly wanted: RootKind
  private seen = false
  private wraps = false

  constructor(wanted: RootKind) {
    this.wanted = wanted
  }

  token(t: LongToken, push: Push): void {
    if (!this.seen) this.begin(t, push)
    push(t)
  }

  end(push: Push): void {
    if (this.wraps) push(END_OBJECT)
  }

  private begin(t: LongToken, push: Push): void {
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

export const START_OBJECT: LongToken = { name: 'startObject' }
export const END_OBJECT: LongToken = { name: 'endObject' }

/** Returns the value of the root's `collection` alone, `[]` when there is none. */
export class CollectionPick implements LongTokenStage {
  private depth = 0
  private picking = false
  private found = false

  token(t: LongToken, push: Push): void {
    if (closes(t)) this.depth--
    if (this.depth === 1 && t.name === 'keyValue') {
      this.picking = t.value === 'collection'
      this.found ||= this.picking
    } else if (this.picking && this.depth > 0) push(t)
    if (opens(t)) this.depth++
  }

  end(push: Push): void {
    if (this.found) return
    push({ name: 'startArray' })
    push({ name: 'endArray' })
  }
}
