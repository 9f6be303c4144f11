/** Times as Go's package `time` has them, with its layouts by reference time (`2006-01-02 15:04:05`). */

import { DAYS, MONTHS } from '../go-calendar.js'
import { GoFault } from '../go-fault.js'
import { GoObject, Int64, type Value } from '../value.js'

export const SECOND = 1_000_000_000n

/** The wall clock of a time in its zone. */
interface Clock {
  readonly year: number
  /** From 0. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly nanosecond: number
  readonly weekday: number
  readonly offsetSeconds: number
  readonly zone: string
}

/** A zone: `UTC`, `Local`, a name of the tz database, or a fixed offset in seconds. */
export type Zone = string | number

export class GoTime extends GoObject {
  readonly type = 'time.Time'
  readonly kind = 'struct'
  /** Since 1970. */
  readonly nanoseconds: bigint
  readonly zone: Zone

  constructor(nanoseconds: bigint, zone: Zone) {
    super()
    this.nanoseconds = nanoseconds
    this.zone = zone
  }

  static now(): GoTime {
    return new GoTime(BigInt(Date.now()) * 1_000_000n, 'Local')
  }

  static ofSeconds(seconds: bigint): GoTime {
    return new GoTime(seconds * SECOND, 'Local')
  }

  /** Go's zero time: the first of January of the year 1. */
  static zero(): GoTime {
    return new GoTime(-62_135_596_800n * SECOND, 'UTC')
  }

  get seconds(): bigint {
    const { nanoseconds } = this
    return (nanoseconds - (((nanoseconds % SECOND) + SECOND) % SECOND)) / SECOND
  }

  in(zone: Zone): GoTime {
    return new GoTime(this.nanoseconds, zone)
  }

  plus(nanoseconds: bigint): GoTime {
    return new GoTime(this.nanoseconds + nanoseconds, this.zone)
  }

  get clock(): Clock {
    const { seconds } = this
    const offsetSeconds = offsetOf(this.zone, seconds)
    const local = new Date(Number(seconds + BigInt(offsetSeconds)) * 1000)
    return {
      year: local.getUTCFullYear(),
      month: local.getUTCMonth(),
      day: local.getUTCDate(),
      hour: local.getUTCHours(),
      minute: local.getUTCMinutes(),
      second: local.getUTCSeconds(),
      nanosecond: Number(this.nanoseconds - seconds * SECOND),
      weekday: local.getUTCDay(),
      offsetSeconds,
      zone: abbreviationOf(this.zone, seconds, offsetSeconds)
    }
  }

  override member(name: string): Value | ((...args: Value[]) => Value) | undefined {
    const { clock } = this
    switch (name) {
      case 'Year':
        return () => BigInt(clock.year)
      case 'Month':
        return () => MONTHS[clock.month]!
      case 'Day':
        return () => BigInt(clock.day)
      case 'Hour':
        return () => BigInt(clock.hour)
      case 'Minute':
        return () => BigInt(clock.minute)
      case 'Second':
        return () => BigInt(clock.second)
      case 'Weekday':
        return () => DAYS[clock.weekday]!
      case 'YearDay':
        return () => BigInt(yearDay(clock))
      case 'Unix':
        return () => new Int64(this.seconds)
      case 'UnixNano':
        return () => new Int64(this.nanoseconds)
      case 'UnixMilli':
        return () => new Int64(this.nanoseconds / 1_000_000n)
      case 'UTC':
        return () => this.in('UTC')
      case 'Local':
        return () => this.in('Local')
      case 'String':
        return () => this.toString()
      case 'Format':
        return (...args) => {
          if (args.length !== 1 || typeof args[0] !== 'string') throw new GoFault('Format takes one layout')
          return formatTime(this, args[0])
        }
    }
    return undefined
  }

  override toString(): string {
    return formatTime(this, '2006-01-02 15:04:05.999999999 -0700 MST')
  }

  override toJson(): Value {
    return formatTime(this, '2006-01-02T15:04:05.999999999Z07:00')
  }

  override equals(other: GoObject): boolean {
    return other instanceof GoTime && other.nanoseconds === this.nanoseconds
  }
}

/** The zone of a name; UTC for a name that is none. */
export function knownZone(name: string): Zone {
  if (name === '' || name === 'UTC' || name === 'Local') return name === '' ? 'UTC' : name
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return name
  } catch {
    return 'UTC'
  }
}

const zoneName = (zone: string): string => (zone === 'Local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone)

export function offsetOf(zone: Zone, seconds: bigint): number {
  if (typeof zone === 'number') return zone
  if (zone === 'UTC') return 0
  const instant = new Date(Number(seconds) * 1000)
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zoneName(zone),
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric'
  }).formatToParts(instant)
  const part = (type: string): number => Number(parts.find(one => one.type === type)!.value)
  const year = parts.find(one => one.type === 'era')!.value === 'BC' ? 1 - part('year') : part('year')
  const wall = new Date(0)
  wall.setUTCFullYear(year, part('month') - 1, part('day'))
  wall.setUTCHours(part('hour'), part('minute'), part('second'))
  return Math.round((wall.getTime() - instant.getTime()) / 1000)
}

/** Abbreviations of zones are known in the English of the places that use them. */
const ZONE_LANGUAGES = ['en-US', 'en-GB', 'en-AU', 'en-IN']

function abbreviationOf(zone: Zone, seconds: bigint, offset: number): string {
  if (zone === 'UTC' || (zone === 'Local' && zoneName(zone) === 'UTC')) return 'UTC'
  if (typeof zone === 'number') return zone === 0 ? 'UTC' : offsetText(offset, '')
  for (const language of ZONE_LANGUAGES) {
    const format = new Intl.DateTimeFormat(language, { timeZone: zoneName(zone), timeZoneName: 'short' })
    const parts = format.formatToParts(new Date(Number(seconds) * 1000))
    const text = parts.find(part => part.type === 'timeZoneName')!.value
    if (/^[A-Z]+$/.test(text)) return text
  }
  return offsetText(offset, '').replace(/00$/, '')
}

function offsetText(offset: number, colon: string): string {
  const size = Math.abs(Math.trunc(offset / 60))
  return `${offset < 0 ? '-' : '+'}${two(Math.trunc(size / 60))}${colon}${two(size % 60)}`
}

const two = (value: number): string => String(value).padStart(2, '0')

function yearDay(clock: Clock): number {
  return (
    Math.round((Date.UTC(2000, clock.month, clock.day) - Date.UTC(2000, 0, 1)) / 86_400_000) +
    1 -
    (clock.month > 1 && !isLeap(clock.year) ? 1 : 0)
  )
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

/** The elements of a layout, longer ones first. */
export const ELEMENTS =
  /January|Jan|Monday|Mon|MST|2006|__2|002|[.,]0+(?!\d)|[.,]9+(?!\d)|01|02|03|04|05|06|15|_2(?!006)|PM|pm|Z07:00:00|Z070000|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|1|2|3|4|5/g

/** Writes a time by a layout. */
export function formatTime(time: GoTime, layout: string): string {
  const clock = time.clock
  return layout.replace(ELEMENTS, (element, at: number) => {
    if (element === 'Jan' && /[a-z]/.test(layout[at + 3] ?? '')) return element
    if (element === 'Mon' && /[a-z]/.test(layout[at + 3] ?? '')) return element
    if (/^[.,][09]/.test(element))
      return /\d/.test(layout[at - 1] ?? '') || element[0] === '.' ? fraction(clock, element) : element
    return (WRITERS[element] ?? zoneWriter(element))(clock)
  })
}

const WRITERS: Readonly<Record<string, (clock: Clock) => string>> = {
  January: clock => MONTHS[clock.month]!,
  Jan: clock => MONTHS[clock.month]!.slice(0, 3),
  Monday: clock => DAYS[clock.weekday]!,
  Mon: clock => DAYS[clock.weekday]!.slice(0, 3),
  MST: clock => clock.zone,
  '2006': clock => (clock.year < 0 ? `-${String(-clock.year).padStart(4, '0')}` : String(clock.year).padStart(4, '0')),
  '06': clock => two(clock.year % 100),
  '01': clock => two(clock.month + 1),
  '1': clock => String(clock.month + 1),
  '02': clock => two(clock.day),
  _2: clock => String(clock.day).padStart(2),
  '2': clock => String(clock.day),
  '002': clock => String(yearDay(clock)).padStart(3, '0'),
  __2: clock => String(yearDay(clock)).padStart(3),
  '15': clock => two(clock.hour),
  '03': clock => two(clock.hour % 12 || 12),
  '3': clock => String(clock.hour % 12 || 12),
  '04': clock => two(clock.minute),
  '4': clock => String(clock.minute),
  '05': clock => two(clock.second),
  '5': clock => String(clock.second),
  PM: clock => (clock.hour >= 12 ? 'PM' : 'AM'),
  pm: clock => (clock.hour >= 12 ? 'pm' : 'am')
}

function zoneWriter(element: string): (clock: Clock) => string {
  return clock => {
    if (element.startsWith('Z') && clock.offsetSeconds === 0) return 'Z'
    const colon = element.includes(':') ? ':' : ''
    const text = offsetText(clock.offsetSeconds, colon)
    if (/^.07$/.test(element)) return text.slice(0, 3)
    return /00.?00$/.test(element) ? `${text}${colon}${two(Math.abs(clock.offsetSeconds % 60))}` : text
  }
}

function fraction(clock: Clock, element: string): string {
  const digits = String(clock.nanosecond)
    .padStart(9, '0')
    .slice(0, element.length - 1)
    .padEnd(element.length - 1, '0')
  if (element[1] === '0') return element[0]! + digits
  const bare = digits.replace(/0+$/, '')
  return bare === '' ? '' : element[0]! + bare
}
