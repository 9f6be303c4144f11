import type { LuaSource } from './ast.js'

/** A chunk that cannot be compiled. `message` is gopher-lua's text. */
export class LuaSyntaxError extends Error {
  override readonly name = 'LuaSyntaxError'
  /** The chunk, when it was one of the program's. */
  source: LuaSource | undefined
  /** Line from 1; that of the last line when the end of the text came too early. */
  readonly line: number
  /** Column from 1; 0 when it is not known. */
  readonly column: number
  /** What is wrong, without position. */
  readonly reason: string

  constructor(message: string, position: { line: number; column: number }, reason: string) {
    super(message)
    this.line = position.line
    this.column = position.column
    this.reason = reason
  }
}
