/** InfluxDB's line protocol: a line for each point. */

/** A tag that is empty is left out: the protocol has no form for it. */
export type Tags = readonly (readonly [name: string, value: string])[]
/** Whole numbers, unless said otherwise: the type of a field must never change. */
export type Fields = readonly (readonly [name: string, value: number, type?: 'float'])[]

/** The largest integer of InfluxDB. */
const LARGEST = 2n ** 63n - 1n

/** Writes one point; '' when no field can be written. */
export function pointLine(measurement: string, tags: Tags, fields: Fields, seconds: number): string {
  const series = tags.filter(([, value]) => value !== '').map(([name, value]) => `,${escapeKey(name)}=${escapeKey(value)}`)
  const values = fields
    .filter(([, value]) => Number.isFinite(value))
    .map(([name, value, type]) => `${escapeKey(name)}=${type === 'float' ? value : integer(value)}`)
  if (values.length === 0) return ''
  return `${escapeName(measurement)}${series.join('')} ${values.join(',')} ${seconds}\n`
}

function integer(value: number): string {
  const whole = BigInt(Math.round(value))
  return `${whole > LARGEST ? LARGEST : whole < -LARGEST ? -LARGEST : whole}i`
}

/** A backslash at the end would escape what follows; line breaks end a point. */
const plain = (text: string): string => text.replace(/[\r\n\t]/g, ' ').replace(/\\+$/, '')
const escapeName = (text: string): string => plain(text).replace(/[, ]/g, '\\$&')
const escapeKey = (text: string): string => plain(text).replace(/[,= ]/g, '\\$&')
