/** The bytes of a configuration: of a file, or of the standard input. */

import { buffer } from 'node:stream/consumers'
import { readWhole } from '../../files/read-whole.js'

/** Stands for the standard input where a file is named. */
export const STANDARD_INPUT = '-'

/** What the standard input held. It is read once, and a check with a lint asks twice. */
let standardInput: Promise<Buffer> | undefined

/** Reads a file as a whole, or the standard input to its end. @rejects Error of `node:fs` */
export function readConfigBytes(file: string): Promise<Buffer> {
  if (file !== STANDARD_INPUT) return readWhole(file)
  standardInput ??= buffer(process.stdin)
  return standardInput
}
