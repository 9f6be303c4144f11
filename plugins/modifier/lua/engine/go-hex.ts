/** Bytes in hexadecimal digits, as Go's verbs `%x` and `%X` write texts. */

import type { Spec } from './go-pad.js'
import { allocate, charge } from './vm.js'

export function hexText({ verb, precision, sharp, space }: Spec, value: string): string {
  const bytes = Buffer.from(precision >= 0 ? value.slice(0, precision) : value, 'latin1')
  charge(bytes.length)
  allocate(bytes.length)
  const prefix = sharp && bytes.length > 0 ? '0x' : ''
  const text = space ? spacedHex(bytes, prefix) : prefix + bytes.toString('hex')
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
