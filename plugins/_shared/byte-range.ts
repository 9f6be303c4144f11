/** Ranges of bytes that a request asks for (RFC 9110 §14). */

/** Both ends belong to it. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/**
 * Reads a Range field for a body of `size` bytes. Undefined: the whole body is the response, as for several ranges, other units and
 * what is no range at all. `none`: nothing of the body lies in it (416).
 */
export function parseByteRange(text: string, size: number): ByteRange | 'none' | undefined {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(text)
  if (match === null) return undefined
  const [, first, second] = match as unknown as [string, string, string]
  if (first === '' && second === '') return undefined
  const last = size - 1
  const from = first === '' ? Math.max(0, size - Number(second)) : Number(first)
  const to = first === '' || second === '' ? last : Math.min(Number(second), last)
  if (first !== '' && second !== '' && Number(second) < from) return undefined
  if (from > last || (first === '' && Number(second) === 0)) return 'none'
  return { from, to }
}
