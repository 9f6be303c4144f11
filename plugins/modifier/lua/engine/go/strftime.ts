/** gopher-lua's `strftime`: its own choice of formats, some of them odd. */

import { allocate, charge } from '../vm.js'

const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')
const MONTHS = 'January February March April May June July August September October November December'.split(' ')

const two = (n: number): string => String(n).padStart(2, '0')

/** Writing a piece of a date takes about as long as this many steps of a script. */
const STEPS_PER_PIECE = 32

export function strftime(at: Date, format: string, utc: boolean): string {
  const offset = utc ? 0 : -at.getTimezoneOffset()
  const local = new Date(at.getTime() + offset * 60_000)
  let text = ''
  let from = 0
  for (let at = format.indexOf('%'); at >= 0 && at + 1 < format.length; at = format.indexOf('%', from)) {
    charge(STEPS_PER_PIECE)
    const letter = format[at + 1]!
    const written = letter === '%' ? '%' : (piece(letter, local, offset, utc) ?? `%${letter}`)
    allocate(written.length)
    text += format.slice(from, at) + written
    from = at + 2
  }
  return text + format.slice(from)
}

function piece(letter: string, at: Date, offset: number, utc: boolean): string | undefined {
  const [day, month, year] = [two(at.getUTCDate()), MONTHS[at.getUTCMonth()]!, String(at.getUTCFullYear())]
  const hours = at.getUTCHours()
  const [hour, minute, second] = [two(hours), two(at.getUTCMinutes()), two(at.getUTCSeconds())]
  const zone = utc || offset === 0 ? 'UTC' : zoneOf(offset)
  switch (letter) {
    case 'a':
      return 'mon'
    case 'A':
      return DAYS[at.getUTCDay()]
    case 'b':
      return month.slice(0, 3)
    case 'B':
      return month
    case 'c':
      return `${day} ${month.slice(0, 3)} ${year.slice(-2)} ${hour}:${minute} ${zone}`
    case 'd':
      return day
    case 'F':
      return `${year}-${two(at.getUTCMonth() + 1)}-${day}`
    case 'H':
      return hour
    case 'I':
      return two(hours % 12 === 0 ? 12 : hours % 12)
    case 'm':
      return two(at.getUTCMonth() + 1)
    case 'M':
      return minute
    case 'p':
      return hours < 12 ? 'AM' : 'PM'
    case 'P':
      return hours < 12 ? 'am' : 'pm'
    case 'S':
      return second
    case 'x':
      return `${hour}/${minute}/${second}`
    case 'X':
      return `${hour}:${minute}:${second}`
    case 'y':
      return year.slice(-2)
    case 'Y':
      return year
    case 'z':
      return zoneOf(offset)
    case 'Z':
      return zone
    case 'w':
      return String(at.getUTCDay())
    default:
      return undefined
  }
}

function zoneOf(offset: number): string {
  const size = Math.abs(offset)
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`
}
