/** Dates of fields (RFC 9110 §5.6.7). `Date.parse` accepts much that is none, and what is none means the past in `Expires`. */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const TIME = '(\\d{2}):(\\d{2}):(\\d{2})'
const IMF = new RegExp(`^(?:mon|tue|wed|thu|fri|sat|sun), (\\d{2}) ([a-z]{3}) (\\d{4}) ${TIME} gmt$`, 'i')
const RFC850 = new RegExp(`^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\\d{2})-([a-z]{3})-(\\d{2}) ${TIME} gmt$`, 'i')
const ASCTIME = new RegExp(`^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([\\d ]\\d) ${TIME} (\\d{4})$`, 'i')

/** Reads a date, ms since the epoch; undefined for what is none. `now` places years of two digits. */
export function parseHttpDate(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const imf = IMF.exec(text)
  if (imf !== null) return instant(Number(imf[3]), imf[2]!, imf[1]!, imf.slice(4))
  const old = RFC850.exec(text)
  if (old !== null) return instant(fullYear(Number(old[3]), now), old[2]!, old[1]!, old.slice(4))
  const asctime = ASCTIME.exec(text)
  return asctime === null ? undefined : instant(Number(asctime[6]), asctime[1]!, asctime[2]!.trim(), asctime.slice(3, 6))
}

/** A year more than 50 years ahead is one of the past. */
function fullYear(digits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + digits
  return year > thisYear + 50 ? year - 100 : year
}

function instant(year: number, month: string, day: string, time: readonly string[]): number | undefined {
  const index = MONTHS.indexOf(month.toLowerCase())
  const [hours, minutes, seconds] = time.map(Number) as [number, number, number]
  if (index < 0 || hours > 23 || minutes > 59 || seconds > 60) return undefined
  const ms = Date.UTC(year, index, Number(day), hours, minutes, seconds)
  return new Date(Date.UTC(year, index, Number(day))).getUTCDate() === Number(day) ? ms : undefined
}
