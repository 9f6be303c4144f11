/** What modifiers are told of where they stand. */

import type { Edits } from './edits.js'
import type { OptionKeys } from './option-keys.js'

/** The halves of an exchange that a modifier runs in. */
export interface Scope {
  readonly request: boolean
  readonly response: boolean
}

export interface Place {
  /** The gateway decodes the upstream's response. */
  readonly decoded: boolean
  /** Called by what looks at more than header fields of its message. */
  needsMessages(): void
  /** Compiles the options' `modifier`, which must be there. */
  innerOf(keys: OptionKeys): Promise<Edits>
  /** Compiles the options' `else`. */
  elseOf(keys: OptionKeys): Promise<Edits>
  /** Compiles a modifier: an object with one key, its name. */
  compile(value: unknown, pointer: string): Promise<Edits>
}
