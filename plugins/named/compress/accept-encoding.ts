/** Picks a content coding from Accept-Encoding (RFC 9110 §12.5.3). */

/**
 * Returns the offered coding with the highest q-value, in the order offered where they are equal; undefined when the client
 * accepts none of them or prefers the body as it is.
 */
export function pickCoding(field: string | undefined, offered: readonly string[]): string | undefined {
  if (field === undefined) return undefined
  const weights = new Map<string, number>()
  for (const part of field.split(',')) {
    const [name = '', ...parameters] = part.split(';')
    const coding = name.trim().toLowerCase()
    if (coding !== '' && !weights.has(coding)) weights.set(coding, weightOf(parameters))
  }
  const others = weights.get('*') ?? 0
  let best: string | undefined
  let weight = weights.get('identity') ?? 0
  for (const coding of offered) {
    const q = weights.get(coding) ?? (coding === 'gzip' ? weights.get('x-gzip') : undefined) ?? others
    if (q > 0 && (best === undefined ? q >= weight : q > weight)) {
      best = coding
      weight = q
    }
  }
  return best
}

/** A weight that is none counts as 0: nothing is sent that was not asked for. */
function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=')
    if (name.trim().toLowerCase() === 'q') return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(value.trim()) ? Number(value) : 0
  }
  return 1
}
