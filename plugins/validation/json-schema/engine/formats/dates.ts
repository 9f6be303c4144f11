/** Dates, times and durations (RFC 3339). */

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** RFC 3339 §5.6, full-date. */
export function isDate(text: string): boolean {
  const match = DATE.exec(text)
  if (match === null) return false
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month - 1]! + (leap ? 1 : 0)
}

const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|([+-])(\d\d):(\d\d))$/i
const DAY_MINUTES = 24 * 60

/** RFC 3339 §5.6, full-time. A leap second is one at 23:59:60 UTC (§5.7). */
export function isTime(text: string): boolean {
  const match = TIME.exec(text)
  if (match === null) return false
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const [offsetHour, offsetMinute] = [Number(match[5] ?? 0), Number(match[6] ?? 0)]
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return false
  if (second < 60) return true
  const offset = (match[4] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute)
  const utc = hour * 60 + minute - offset
  return (utc + DAY_MINUTES) % DAY_MINUTES === DAY_MINUTES - 1
}

/** RFC 3339 §5.6, date-time. */
export function isDateTime(text: string): boolean {
  return isDate(text.slice(0, 10)) && /^t$/i.test(text.charAt(10)) && isTime(text.slice(11))
}

const DURATION = /^P(?:\d+W|(?:(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)(?:T(.+))?|T(.+)))$/
const CLOCK = /^(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)$/

/** RFC 3339 appendix A. */
export function isDuration(text: string): boolean {
  const match = DURATION.exec(text)
  if (match === null) return false
  const clock = match[1] ?? match[2]
  return clock === undefined || CLOCK.test(clock)
}

/** ISO 8601 §4.4.4, of what RFC 3339 has: two instants, or an instant and a duration on either side of it. */
export function isPeriod(text: string): boolean {
  const slash = text.indexOf('/')
  if (slash < 0) return false
  const [start, end] = [text.slice(0, slash), text.slice(slash + 1)]
  if (start.startsWith('P')) return isDuration(start) && isDateTime(end)
  return isDateTime(start) && (end.startsWith('P') ? isDuration(end) : isDateTime(end))
}
