/** Files of a script: read, joined to one chunk, and found again by a line of it. */

import { createHash } from 'node:crypto'
import path from 'node:path'
import { readRegularFile } from '../../_shared/regular-file.js'
import type { LuaSyntaxError } from './engine/index.js'

/** A file of `sources` and its place in the joined chunk. */
interface Part {
  readonly file: string
  /** Line of the chunk before its first one. */
  readonly before: number
}

/** A place in a file. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
}

export class JoinedSources {
  readonly text: string
  private readonly parts: readonly Part[]

  constructor(files: readonly { readonly file: string; readonly text: string }[]) {
    const parts: Part[] = []
    let before = 0
    for (const { file, text } of files) {
      parts.push({ file, before })
      before += text.split('\n').length
    }
    this.parts = parts
    this.text = files.map(one => one.text).join('\n')
  }

  /** The file that a line of the chunk came from. */
  placeOf(line: number): SourcePlace | undefined {
    const part = this.parts.findLast(one => one.before < Math.max(line, 1))
    return part && { file: part.file, line: line - part.before }
  }
}

/** A file of `sources` that cannot be used. */
export class SourceFault extends Error {
  readonly file: string
  /** Index in `sources`. */
  readonly index: number

  constructor(file: string, index: number, message: string, cause?: unknown) {
    super(message, { cause })
    this.file = file
    this.index = index
  }
}

/** @throws SourceFault with KrakenD's text for a file that cannot be read */
export async function readSources(files: readonly string[]): Promise<JoinedSources> {
  const texts = await Promise.all(
    files.map(async (file, index) => {
      try {
        return { file, text: (await readRegularFile(file)).toString('utf8') }
      } catch (cause) {
        throw new SourceFault(file, index, `lua: unable to load required source ${file}`, cause)
      }
    })
  )
  return new JoinedSources(texts)
}

/** Returns the sum of a file in hexadecimal, that of an empty text for a file that is not among `files`, as KrakenD does. */
export async function md5Of(file: string, files: readonly string[]): Promise<string> {
  return createHash('md5')
    .update(files.includes(file) ? await readRegularFile(file) : '')
    .digest('hex')
}

export const baseName = (file: string): string => path.basename(file)

/** Where the token begins that an error is about; gopher-lua tells where it ends. */
export function firstColumn({ line, column, reason }: LuaSyntaxError, text: string): number {
  const token = / near '(.+)'$/.exec(reason)?.[1] ?? ''
  const begin = column - token.length
  return token !== '' && text.split('\n')[line - 1]?.slice(begin, column) === token ? begin + 1 : column
}
