/** Tokens of strings and numbers that come in several pieces, and the stages that take them. */

import type { Token } from '../public.js'

/** With `longValues`: a string or number that did not come in one piece. Chunks of strings are decoded. */
export type LongToken =
  | Token
  | { readonly name: 'startString' | 'endString' | 'startNumber' | 'endNumber' }
  | { readonly name: 'stringChunk' | 'numberChunk'; readonly value: string }

/** As {@link TokenStage}, for `longValues`. */
export interface LongTokenStage {
  token(t: LongToken, push: (t: LongToken) => void): void
  end?(push: (t: LongToken) => void): void
  abort?(reason: Error): void
}
