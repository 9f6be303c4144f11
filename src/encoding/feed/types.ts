/** What a feed looks like to clients, whatever its format; the names are KrakenD's and go out as JSON. */

import type { Sliced } from '../../message/slices.js'

/** Absent members are left out, present ones are never empty. */
export interface FeedItem {
  title?: string
  description?: string
  content?: string
  link?: string
  links?: string[]
  updated?: string
  /** RFC 3339 in UTC; left out when the date cannot be read. */
  updatedParsed?: string
  published?: string
  publishedParsed?: string
  author?: Person
  authors?: Person[]
  guid?: string
  image?: FeedImage
  categories?: string[]
  enclosures?: Enclosure[]
  dcExt?: Record<string, string[]>
  itunesExt?: Record<string, string>
  /** Elements of other namespaces: prefix → name → occurrences. */
  extensions?: Record<string, Record<string, Extension[]>>
  /** Elements that the format does not know. */
  custom?: Record<string, string>
}

export interface Person {
  name?: string
  email?: string
}

export interface FeedImage {
  url?: string
  title?: string
}

export interface Enclosure {
  url?: string
  length?: string
  type?: string
}

export interface Extension {
  name: string
  value: string
  attrs: Record<string, string> | null
  children: Record<string, Extension[]> | null
}

export interface Feed {
  /** Each item as JSON. */
  items: string[]
  author: Person | null
  categories: string[] | null
  custom: Record<string, string> | null
  copyright: string
  description: string
  type: 'rss' | 'atom' | 'json'
  language: string
  title: string
  published: string
  updated: string
  /** Goes out as `img_url`. */
  imageUrl: string | undefined
}

/** Items that are made before other exchanges get their turn. */
const STEP = 32

/** Makes items of what the feed holds, as JSON. */
export function* itemsOf<T>(sources: readonly T[], itemOf: (source: T) => FeedItem): Sliced<string[]> {
  const items: string[] = []
  for (const source of sources) if (items.push(JSON.stringify(itemOf(source))) % STEP === 0) yield
  return items
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Sets a member unless its value is empty. */
export function put<T extends object, K extends keyof T>(to: Mutable<T>, key: K, value: T[K] | undefined): void {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return
  to[key] = value
}

/** Puts both spellings of a date. */
export function putDate(item: FeedItem, key: 'updated' | 'published', value: string | undefined): void {
  put(item, key, value)
  put(item, `${key}Parsed`, value === undefined ? undefined : parseFeedDate(value))
}

const ISO = /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?)?\s*([A-Z]+|[+-]\d\d:?\d\d)?$/i
const RFC_822 =
  /^(?:[a-z]+\.?,?\s+)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?,?[\s-]+(\d{4}|\d\d)(?:\s+(\d\d?):(\d\d)(?::(\d\d)(\.\d+)?)?)?\s*([a-z]+|[+-]\d\d:?\d\d)?$/i
const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec'

/** RFC 822 §5.1; a zone that is none of these counts as UTC. */
const ZONES: ReadonlyMap<string, number> = new Map([
  ['EST', -300],
  ['EDT', -240],
  ['CST', -360],
  ['CDT', -300],
  ['MST', -420],
  ['MDT', -360],
  ['PST', -480],
  ['PDT', -420]
])

/** Reads the dates that feeds hold (ISO 8601, RFC 822 and what comes near it) as RFC 3339 in UTC; undefined when it is none. */
export function parseFeedDate(text: string): string | undefined {
  const trimmed = text.trim()
  if (trimmed.length > 64) return undefined
  const iso = ISO.exec(trimmed)
  if (iso !== null) return instant(Number(iso[1]), Number(iso[2]) - 1, iso[3] ?? '1', iso.slice(4))
  const rfc = RFC_822.exec(trimmed)
  if (rfc === null) return undefined
  const month = MONTHS.indexOf(rfc[2]!.toLowerCase())
  const year = Number(rfc[3])
  if (month % 3 !== 0) return undefined
  return instant(rfc[3]!.length === 4 ? year : year < 69 ? 2000 + year : 1900 + year, month / 3, rfc[1]!, rfc.slice(4))
}

/** `rest`: hour, minute, second, fraction, zone. */
function instant(year: number, month: number, day: string, rest: readonly (string | undefined)[]): string | undefined {
  const [hour = '0', minute = '0', second = '0', fraction = '', zone = ''] = rest
  const numbers = [month, Number(day), Number(hour), Number(minute), Number(second)] as const
  if (month > 11 || month < 0 || numbers[1] > 31 || numbers[2] > 23 || numbers[3] > 59 || numbers[4] > 60) return undefined
  const time = new Date(Date.UTC(year, ...numbers, Number(`0${fraction}`) * 1000) - offsetMinutes(zone) * 60_000)
  return time.toISOString().replace(/\.?0*Z$/, 'Z')
}

function offsetMinutes(zone: string): number {
  const sign = zone.startsWith('-') ? -1 : zone.startsWith('+') ? 1 : 0
  if (sign === 0) return ZONES.get(zone.toUpperCase()) ?? 0
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2)))
}

/** Reads `name`, `mail`, `mail (name)` and `name (mail)`. */
export function parsePerson(text: string): Person {
  const person: Person = {}
  for (const part of text.trim().replace(/\)$/, '').split('(', 2)) {
    if (part.includes('@')) put(person, 'email', part.trim())
    else put(person, 'name', part.trim())
  }
  return person
}
