/**
 * JSON of any size at constant memory: any number of token stages over one parser and one writer.
 *
 * In: chunks of JSON text, cut anywhere. Out: chunks of the JSON text that the last stage pushed. Synchronous: a chunk's
 * tokens run through all stages before `write` returns. The parser is stream-json's, driven as a function, with packed
 * tokens: whole keys, whole strings, numbers as their source text.
 */

import { StringDecoder } from 'node:string_decoder'
import { none } from 'stream-chain/core'
import { jsonParser } from 'stream-json/core/parser.js'
import { type ErrorCode, GatewayError } from '../../errors.js'
import type { LongToken, LongTokenStage } from './long-tokens.js'
import { TokenBytes } from './token-bytes.js'

export interface TokenPipeOptions {
  /** Code of the error for text that is not JSON; default SLUICE_ERR_BODY_NOT_JSON. */
  readonly code?: ErrorCode
  /** Largest key, string, number or run of white space, characters; default 1 MiB. */
  readonly maxTokenLength?: number
  /** Deepest nesting; default 1,000. */
  readonly maxDepth?: number
  /** Strings and numbers have any length: the stages are {@link LongTokenStage}. Default false. */
  readonly longValues?: boolean
}

/** Text is parsed in pieces of this size, so that the tokens of a large chunk are not all held. */
const PIECE_BYTES = 64 * 1024

const WHOLE_VALUES = { packValues: true, streamValues: false }
const LONG_VALUES = { packKeys: true, streamKeys: false, packStrings: false, packNumbers: false }

type Push = (t: LongToken) => void

/** The stage that threw. */
interface Thrower {
  cause: unknown
  /** -1 = none did. */
  index: number
}

/**
 * Hands tokens to the next stage, or to the writer behind the last one. Both are one closure: a stage whose every `push` is made
 * at the same place gets it inlined. With a closure of its own for the writer, what 8 stages cost over one that does 8 jobs is up to a third more.
 * The `catch`, which tells whose stage threw, costs 8 stages about 5 %; a place noted before and after each call cost more.
 */
function pushTo(writer: TokenBytes, thrower: Thrower, index: number, stage?: LongTokenStage, push?: Push): Push {
  return t => {
    try {
      if (stage !== undefined) stage.token(t, push!)
      else writer.token(t)
    } catch (cause) {
      throw blamed(thrower, index, cause)
    }
  }
}

/** Notes who threw; what passes through stages further out on its way is not theirs. */
function blamed(thrower: Thrower, index: number, cause: unknown): unknown {
  if (thrower.index < 0 || thrower.cause !== cause) {
    thrower.index = index
    thrower.cause = cause
  }
  return cause
}

/** Runs token stages over one body. After a throw it is spent. */
export class TokenPipe {
  private readonly stages: readonly LongTokenStage[]
  private readonly pushes: readonly Push[]
  private readonly decoder = new StringDecoder('utf8')
  private readonly parse: ReturnType<typeof jsonParser>
  private readonly longValues: boolean
  private readonly writer = new TokenBytes()
  private readonly code: ErrorCode
  private readonly maxTokenLength: number
  private readonly maxDepth: number
  private depth = 0
  /** Characters since the last whole token. */
  private unfinished = 0
  private empty = true
  private readonly thrower: Thrower = { cause: undefined, index: -1 }

  constructor(stages: readonly LongTokenStage[], options: TokenPipeOptions = {}) {
    this.stages = stages
    this.code = options.code ?? 'SLUICE_ERR_BODY_NOT_JSON'
    this.maxTokenLength = options.maxTokenLength ?? 1024 * 1024
    this.maxDepth = options.maxDepth ?? 1000
    this.longValues = options.longValues ?? false
    this.parse = jsonParser(this.longValues ? LONG_VALUES : WHOLE_VALUES)
    // what the writer refuses was pushed by the last stage
    let next = pushTo(this.writer, this.thrower, stages.length - 1)
    const pushes = [next]
    for (let i = stages.length - 1; i > 0; i--) {
      next = pushTo(this.writer, this.thrower, i, stages[i]!, next)
      pushes.unshift(next)
    }
    this.pushes = pushes
  }

  /**
   * Takes a chunk and returns what can be sent on; the chunk is not kept.
   *
   * @throws GatewayError SLUICE_ERR_BODY_NOT_JSON, SLUICE_ERR_BODY_TOO_LARGE for a token over the limit; what a stage throws.
   */
  write(chunk: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = []
    for (let from = 0; from < chunk.length; from += PIECE_BYTES) {
      const piece = chunk.subarray(from, from + PIECE_BYTES)
      this.writer.reserve(piece.length)
      this.feed(this.decoder.write(Buffer.from(piece.buffer, piece.byteOffset, piece.length)))
      this.take(out)
    }
    return out
  }

  /** Ends the text. @throws as {@link write}; an incomplete text is not JSON. */
  end(): Uint8Array[] {
    const out: Uint8Array[] = []
    const rest = this.decoder.end()
    if (rest !== '') this.feed(rest)
    if (this.empty) throw new GatewayError(this.code, { message: 'EOF' })
    this.run(none)
    for (let i = 0; i < this.stages.length; i++) {
      try {
        this.stages[i]!.end?.(this.pushes[i]!)
      } catch (cause) {
        throw blamed(this.thrower, i, cause)
      }
    }
    this.writer.end()
    this.take(out)
    return out
  }

  /** The place of the stage that threw `cause`; -1 when none did. */
  throwerOf(cause: unknown): number {
    return this.thrower.cause === cause ? this.thrower.index : -1
  }

  /** Calls `abort` of every stage: no end will come. */
  abort(reason: Error): void {
    for (const stage of this.stages) stage.abort?.(reason)
  }

  private take(out: Uint8Array[]): void {
    const bytes = this.writer.take()
    if (bytes !== undefined) out.push(bytes)
  }

  private feed(text: string): void {
    if (this.empty && text.trim() !== '') this.empty = false
    this.unfinished += text.length
    this.run(text)
    if (this.unfinished > this.maxTokenLength) {
      const limit = `json_token=${this.maxTokenLength}`
      throw new GatewayError('SLUICE_ERR_BODY_TOO_LARGE', { message: 'a single JSON token is over the limit', limit })
    }
  }

  private run(input: string | typeof none): void {
    const tokens = this.tokensOf(input)
    if (tokens.length > 0) this.unfinished = 0
    const first = this.stages[0]
    const push = this.pushes[0]!
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!
      if (token.name === 'startObject' || token.name === 'startArray') this.descend()
      else if (token.name === 'endObject' || token.name === 'endArray') this.depth--
      if (first === undefined) push(token)
      else this.hand(first, token, push)
    }
  }

  private hand(first: LongTokenStage, token: LongToken, push: Push): void {
    try {
      first.token(token, push)
    } catch (cause) {
      throw blamed(this.thrower, 0, cause)
    }
  }

  private tokensOf(input: string | typeof none): readonly LongToken[] {
    try {
      const made = this.parse(input as string) as unknown as { readonly values?: readonly LongToken[] } | symbol
      const tokens = typeof made === 'object' ? (made.values ?? []) : []
      return this.longValues ? wholeValues(tokens) : tokens
    } catch (cause) {
      throw new GatewayError(this.code, { message: (cause as Error).message, cause })
    }
  }

  private descend(): void {
    if (++this.depth <= this.maxDepth) return
    throw new GatewayError(this.code, {
      message: `exceeded max depth: nested deeper than ${this.maxDepth}`,
      limit: `json_depth=${this.maxDepth}`
    })
  }
}

/** Makes one token of each string and number that came in one piece. */
function wholeValues(tokens: readonly LongToken[]): readonly LongToken[] {
  const made: LongToken[] = []
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    const isString = token.name === 'startString'
    if (!isString && token.name !== 'startNumber') {
      made.push(token)
      continue
    }
    const next = tokens[i + 1]
    const hasChunk = next?.name === 'stringChunk' || next?.name === 'numberChunk'
    const last = hasChunk ? tokens[i + 2] : next
    if (last === undefined || (last.name !== 'endString' && last.name !== 'endNumber')) {
      made.push(token)
      continue
    }
    made.push({ name: isString ? 'stringValue' : 'numberValue', value: hasChunk ? next.value : '' })
    i += hasChunk ? 2 : 1
  }
  return made
}
