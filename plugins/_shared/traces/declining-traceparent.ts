/** Length of a `traceparent` of version 00: `00-TRACE-SPAN-FLAGS`. */
const LENGTH = 55
const VERSION_END = 2
const TRACE_END = 35
const SPAN_END = 52
const FLAGS_END = 54

const DASH = 0x2d
const ZERO = 0x30
const NINE = 0x39
const A = 0x61
const F = 0x66

/** Returns true for a valid `traceparent` of version 00 whose client does not record. It makes no objects: most requests may bring one. */
export function declines(value: string): boolean {
  if (value.length !== LENGTH || value.charCodeAt(0) !== ZERO || value.charCodeAt(1) !== ZERO) return false
  let trace = 0
  let span = 0
  for (let i = VERSION_END; i < LENGTH; i++) {
    const code = value.charCodeAt(i)
    if (i === VERSION_END || i === TRACE_END || i === SPAN_END) {
      if (code !== DASH) return false
    } else if (!((code >= ZERO && code <= NINE) || (code >= A && code <= F))) return false
    else if (i < TRACE_END) trace |= code - ZERO
    else if (i < SPAN_END) span |= code - ZERO
  }
  // ids of zeros are invalid; letters have the odd values at even codes
  const last = value.charCodeAt(FLAGS_END)
  const isRecorded = (last <= NINE ? last : last + 1) & 1
  return trace !== 0 && span !== 0 && isRecorded === 0
}
