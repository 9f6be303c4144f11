/** Flags, width and precision of a directive of `string.format`. */
import { luaToText } from '../strings.js'

export interface Spec {
  plus: boolean
  minus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  width: number
  /** -1 when none is given. */
  precision: number
  verb: string
}

/** Pads to the width, counted in characters of UTF-8. */
export function pad({ width, minus, zero }: Spec, text: string, zeros = zero): string {
  if (width <= 0) return text
  const missing = width - (text.length < width ? [...luaToText(text)].length : text.length)
  if (missing <= 0) return text
  if (minus) return text + ' '.repeat(missing)
  return (zeros ? '0' : ' ').repeat(missing) + text
}
