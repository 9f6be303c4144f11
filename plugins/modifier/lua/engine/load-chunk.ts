/** What `load` and its kin make of a text. */
import type { ChunkMain, RunnableProgram } from './program.js'
import { LuaSyntaxError } from './syntax/syntax-error.js'
import { allocate } from './vm.js'

/** Bytes of a chunk, and for each character of it. */
const CHUNK_BYTES = 4096
const CHARACTER_BYTES = 16

/** Compiles a chunk that a script made; a text says why it cannot be. */
export function loadChunk(program: RunnableProgram, text: string, chunkName: string, resumable: boolean): ChunkMain | string {
  try {
    allocate(CHUNK_BYTES + CHARACTER_BYTES * text.length)
    return program.load(text, chunkName, resumable)
  } catch (error) {
    if (error instanceof LuaSyntaxError) return error.message
    if (error instanceof RangeError) return `${chunkName}: nested too deeply`
    throw error
  }
}
