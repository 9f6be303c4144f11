/** What smol-toml lets pass and TOML forbids: days that no month has, and a byte order mark inside of the document. */

import { TomlDate } from 'smol-toml'

/** A fault of a text that was parsed. */
export interface TomlFault {
  readonly offset: number
  readonly message: string
}

/** Texts and comments, in which anything may stand, a date, and a byte order mark. */
const TOKEN = /"""[\s\S]*?"""+|'''[\s\S]*?'''+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|(\d{4}-\d{2}-\d{2})(?![\d-])|(\uFEFF)/g

/** Finds the first fault of a text whose value is known; undefined when there is none. */
export function findTomlFault(text: string, value: unknown): TomlFault | undefined {
  let dates: Set<string> | undefined
  for (const match of text.matchAll(TOKEN)) {
    const [, date, mark] = match
    if (mark !== undefined) return { offset: match.index, message: 'a byte order mark may only begin the document' }
    if (date === undefined) continue
    const rolled = rolledOver(date)
    if (rolled === undefined) continue
    // What looks like a date may be a key; as a value it was taken for the day after the end of the month.
    dates ??= new Set(datesIn(value))
    if (dates.has(rolled)) return { offset: match.index, message: `${date} is no day of the calendar` }
  }
  return undefined
}

/** Returns the day that a date which does not exist is taken for. */
function rolledOver(date: string): string | undefined {
  const time = Date.parse(`${date.slice(0, 7)}-01T00:00:00Z`) + (Number(date.slice(8)) - 1) * 86_400_000
  if (Number.isNaN(time)) return undefined
  const day = new Date(time).toISOString().slice(0, 10)
  return day === date ? undefined : day
}

function datesIn(value: unknown): string[] {
  if (value instanceof TomlDate) return [value.toISOString().slice(0, 10)]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(datesIn)
}
