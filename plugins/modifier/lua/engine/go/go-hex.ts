/** Bytes in hexadecimal digits, as Go's verbs `%x` and `%X` write texts. */

import { allocate, allocateText, charge } from '../vm.js'
import type { Spec } from './go-pad.js'

/** Bytes that are written between two looks at the limits. */
const PIECE = 16 * 1024

export function hexText({ verb, precision, sharp, space }: Spec, value: string): string {
  const bytes = precision >= 0 ? value.slice(0, precision) : value
  allocate(bytes.length)
  // the digits of a long text are one
  if (bytes.length > PIECE) allocateText(2 * bytes.length)
  const prefix = sharp && bytes.length > 0 ? '0x' : ''
  const parts: string[] = []
  for (let from = 0; from < bytes.length; from += PIECE) {
    const piece = Buffer.from(bytes.slice(from, from + PIECE), 'latin1')
    charge(piece.length)
    parts.push(space ? spacedHex(piece, prefix) : piece.toString('hex'))
  }
  const text = space ? parts.join(' ') : prefix + parts.join('')
  return verb === 'X' ? text.toUpperCase() : text
}

function spacedHex(bytes: Buffer, prefix: string): string {
  let text = ''
  for (const byte of bytes) {
    charge(1)
    text += `${text === '' ? '' : ' '}${prefix}${byte.toString(16).padStart(2, '0')}`
  }
  return text
}
