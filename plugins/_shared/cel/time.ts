/** The calendar in CEL: parts of a timestamp in a time zone, and times as text, as cel-go gives them. */

/** Seconds and nanoseconds, as protobuf's Timestamp and Duration have them. */
export interface Instant {
  readonly seconds: bigint
  readonly nanos: number
}

const DAY_MS = 86_400_000

/** Methods of timestamps and how each reads its part of a date whose UTC fields are local time. */
export const TIMESTAMP_PARTS: { readonly [method: string]: (local: Date) => number } = {
  getFullYear: local => local.getUTCFullYear(),
  getMonth: local => local.getUTCMonth(),
  getDate: local => local.getUTCDate(),
  getDayOfMonth: local => local.getUTCDate() - 1,
  getDayOfWeek: local => local.getUTCDay(),
  getDayOfYear: local => Math.floor((local.getTime() - yearStart(local)) / DAY_MS),
  getHours: local => local.getUTCHours(),
  getMinutes: local => local.getUTCMinutes(),
  getSeconds: local => local.getUTCSeconds(),
  getMilliseconds: local => local.getUTCMilliseconds()
}

function yearStart(local: Date): number {
  // Date.UTC reads the years 0 to 99 as 1900 to 1999
  const start = new Date(0)
  return start.setUTCFullYear(local.getUTCFullYear())
}

/** Returns local time in the UTC fields of a date. `zone`: `+02:00`, or a name such as `Europe/Berlin`. @throws RangeError */
export function inZone({ seconds, nanos }: Instant, zone: string): Date {
  const utc = Number(seconds) * 1000 + Math.floor(nanos / 1_000_000)
  return new Date(utc + offsetMs(zone, utc))
}

function offsetMs(zone: string, utc: number): number {
  if (zone === '' || zone === 'UTC') return 0
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (fixed !== null) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(utc)
      .map(part => [part.type, part.value])
  )
  const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year)
  const local = new Date(0)
  local.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day))
  local.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second))
  return local.getTime() - Math.floor(utc / 1000) * 1000
}

const FORMATS = new Map<string, Intl.DateTimeFormat>()
/** Zones remembered, more than there are; when they are more still, all are forgotten. */
const MAX_FORMATS = 1000

function formatOf(zone: string): Intl.DateTimeFormat {
  const name = zone.toLowerCase()
  const known = FORMATS.get(name)
  if (known !== undefined) return known
  // Intl reads more than names, such as `+0100`, which Go does not
  if (!/^[a-z][\w+/-]{0,63}$/.test(name)) throw new RangeError(`unknown time zone ${JSON.stringify(zone.slice(0, 64))}`)
  const number = 'numeric' as const
  const fields = { era: 'short', year: number, month: number, day: number, hour: number, minute: number, second: number } as const
  const made = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', calendar: 'gregory', ...fields })
  if (FORMATS.size >= MAX_FORMATS) FORMATS.clear()
  FORMATS.set(name, made)
  return made
}

/** `2026-11-21T05:00:00.5Z` */
export function timestampText({ seconds, nanos }: Instant): string {
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  return `${whole}${fraction(nanos)}Z`
}

/** `90.5s` */
export function durationText({ seconds, nanos }: Instant): string {
  const sign = seconds < 0n || nanos < 0 ? '-' : ''
  return `${sign}${seconds < 0n ? -seconds : seconds}${fraction(Math.abs(nanos))}s`
}

function fraction(nanos: number): string {
  return nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`
}
