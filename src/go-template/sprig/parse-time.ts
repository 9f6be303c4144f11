/** Reads times by Go's layouts. */

import { DAYS, MONTHS } from '../go-calendar.js'
import { GoFault } from '../go-fault.js'
import { ELEMENTS, GoTime, offsetOf, SECOND, type Zone } from './go-time.js'

const READERS: Readonly<Record<string, string>> = {
  January: `(?<month>${MONTHS.join('|')})`,
  Jan: `(?<month>${MONTHS.map(month => month.slice(0, 3)).join('|')})`,
  Monday: `(?:${DAYS.join('|')})`,
  Mon: `(?:${DAYS.map(day => day.slice(0, 3)).join('|')})`,
  MST: '(?<zone>[A-Z]{3,5}|[+-]\\d\\d)',
  '2006': '(?<year>\\d{4})',
  '06': '(?<short>\\d\\d)',
  '01': '(?<number>\\d\\d)',
  '1': '(?<number>\\d\\d?)',
  '02': '(?<day>\\d\\d)',
  _2: '(?<day> ?\\d\\d?)',
  '2': '(?<day>\\d\\d?)',
  '15': '(?<hour>\\d\\d)',
  '03': '(?<hour>\\d\\d)',
  '3': '(?<hour>\\d\\d?)',
  '04': '(?<minute>\\d\\d)',
  '4': '(?<minute>\\d\\d?)',
  '05': '(?<second>\\d\\d)(?<fraction>[.,]\\d+)?',
  '5': '(?<second>\\d\\d?)(?<fraction>[.,]\\d+)?',
  PM: '(?<half>AM|PM)',
  pm: '(?<half>am|pm)'
}

/** Reads a time by a layout; without a zone in it, in the zone of the process. @throws GoFault */
export function parseTime(layout: string, text: string): GoTime {
  const pattern = layout
    .split(new RegExp(`(${ELEMENTS.source})`))
    .map((part, i) => (i % 2 === 0 ? part.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&') : readerOf(part)))
    .join('')
  const found = new RegExp(`^${pattern}$`, 'i').exec(text)
  if (found === null) throw new GoFault(`parsing time "${text}" as "${layout}": cannot parse "${text}"`)
  const parts = found.groups ?? {}
  const wall = wallOf(parts)
  if (wall === undefined) throw new GoFault(`parsing time "${text}": value out of range`)
  const zone = zoneOf(parts)
  const nanoseconds = BigInt((parts.fraction ?? '.0').slice(1, 10).padEnd(9, '0'))
  const guess = BigInt(wall / 1000)
  const offset = offsetOf(zone, guess - BigInt(offsetOf(zone, guess)))
  return new GoTime((guess - BigInt(offset)) * SECOND + nanoseconds, zone)
}

function readerOf(element: string): string {
  if (/^[.,][09]/.test(element)) return '' // the reader of the seconds takes every fraction
  const reader = READERS[element]
  if (reader !== undefined) return reader
  return element.startsWith('Z') ? '(?<offset>Z|[+-]\\d\\d(?::?\\d\\d)?)' : '(?<offset>[+-]\\d\\d(?::?\\d\\d)?)'
}

/** ms of the wall clock as if it were UTC; undefined when a part is out of range. */
function wallOf(parts: Readonly<Record<string, string | undefined>>): number | undefined {
  const month = parts.month !== undefined ? monthOf(parts.month) : Number(parts.number ?? 1) - 1
  const short = parts.short === undefined ? undefined : Number(parts.short)
  const year = parts.year !== undefined ? Number(parts.year) : short === undefined ? 0 : short < 69 ? 2000 + short : 1900 + short
  const day = Number(parts.day ?? 1)
  const hour = hourOf(Number(parts.hour ?? 0), parts.half?.toUpperCase())
  const minute = Number(parts.minute ?? 0)
  const second = Number(parts.second ?? 0)
  const wall = new Date(0)
  wall.setUTCFullYear(year, month, day)
  wall.setUTCHours(hour, minute, second)
  const isValid = month >= 0 && month < 12 && wall.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  return isValid ? wall.getTime() : undefined
}

const monthOf = (name: string): number =>
  MONTHS.findIndex(month => month.slice(0, 3).toLowerCase() === name.slice(0, 3).toLowerCase())

const hourOf = (hour: number, half: string | undefined): number =>
  half === undefined ? hour : (hour % 12) + (half === 'PM' ? 12 : 0)

function zoneOf(parts: Readonly<Record<string, string | undefined>>): Zone {
  const { offset, zone } = parts
  if (offset === 'Z' || offset === 'z' || zone === 'UTC') return 'UTC'
  if (offset === undefined) return 'Local'
  const digits = offset.replace(/[^\d]/g, '').padEnd(4, '0')
  const seconds = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60
  return offset.startsWith('-') ? -seconds : seconds
}
