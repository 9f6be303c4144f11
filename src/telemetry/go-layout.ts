/** Go time layouts (`2006-01-02T15:04:05.000Z07:00`), converted once at boot into a function of the time. */

import { DAYS, MONTHS } from '../go-template/go-calendar.js'
import { two } from './clock.js'

type Part = (d: Date) => string

function dayOfYear(d: Date): number {
  return Math.round((Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) - Date.UTC(d.getFullYear(), 0, 0)) / 86_400_000)
}

function offset(d: Date, separator: string, utc: string): string {
  const minutes = -d.getTimezoneOffset()
  if (minutes === 0 && utc !== '') return utc
  const abs = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(abs / 60))}${separator}${two(abs % 60)}`
}

let zoneName: Intl.DateTimeFormat | undefined // made when a layout has a zone, not at each start

function zone(d: Date): string {
  zoneName ??= new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
  return zoneName.formatToParts(d).find(p => p.type === 'timeZoneName')?.value ?? 'UTC'
}

/** Longest first where one is the beginning of another. */
const ELEMENTS: readonly (readonly [text: string, part: Part])[] = [
  ['January', d => MONTHS[d.getMonth()]!],
  ['Jan', d => MONTHS[d.getMonth()]!.slice(0, 3)],
  ['Monday', d => DAYS[d.getDay()]!],
  ['Mon', d => DAYS[d.getDay()]!.slice(0, 3)],
  ['MST', zone],
  ['2006', d => `${d.getFullYear()}`.padStart(4, '0')],
  ['002', d => `${dayOfYear(d)}`.padStart(3, '0')],
  ['01', d => two(d.getMonth() + 1)],
  ['02', d => two(d.getDate())],
  ['03', d => two(d.getHours() % 12 || 12)],
  ['04', d => two(d.getMinutes())],
  ['05', d => two(d.getSeconds())],
  ['06', d => two(d.getFullYear() % 100)],
  ['15', d => two(d.getHours())],
  ['PM', d => (d.getHours() < 12 ? 'AM' : 'PM')],
  ['pm', d => (d.getHours() < 12 ? 'am' : 'pm')],
  ['Z07:00', d => offset(d, ':', 'Z')],
  ['Z0700', d => offset(d, '', 'Z')],
  ['Z07', d => offset(d, '', 'Z').slice(0, 3)],
  ['-07:00', d => offset(d, ':', '')],
  ['-0700', d => offset(d, '', '')],
  ['-07', d => offset(d, '', '').slice(0, 3)],
  ['_2', d => `${d.getDate()}`.padStart(2)],
  ['1', d => `${d.getMonth() + 1}`],
  ['2', d => `${d.getDate()}`],
  ['3', d => `${d.getHours() % 12 || 12}`],
  ['4', d => `${d.getMinutes()}`],
  ['5', d => `${d.getSeconds()}`]
]

const FRACTION = /^[.,](0+|9+)(?![0-9])/

function fraction(text: string): Part {
  const places = text.length - 1
  if (text[1] === '0') return d => text[0] + `${d.getMilliseconds()}`.padStart(3, '0').padEnd(places, '0').slice(0, places)
  return d => {
    const digits = `${d.getMilliseconds()}`.padStart(3, '0').slice(0, places).replace(/0+$/, '')
    return digits === '' ? '' : text[0] + digits
  }
}

/** Compiles a layout; text that is no element of it stands for itself. Fractions finer than a millisecond are zeros. */
export function compileGoLayout(layout: string): (epochMs: number) => string {
  const parts: (Part | string)[] = []
  for (let rest = layout; rest !== ''; ) {
    const digits = FRACTION.exec(rest)
    const element = digits === null ? ELEMENTS.find(([text]) => rest.startsWith(text)) : undefined
    const taken = digits?.[0] ?? element?.[0] ?? rest[0]!
    parts.push(digits !== null ? fraction(taken) : (element?.[1] ?? taken))
    rest = rest.slice(taken.length)
  }
  return epochMs => {
    const d = new Date(epochMs)
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : part(d)
    return text
  }
}
