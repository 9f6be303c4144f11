import { GoFault } from '../go-fault.js'
import { declare, type FunctionTable } from '../go-function.js'
import { integerOf, isInteger, type Value } from '../value.js'
import { formatTime, GoTime, knownZone } from './go-time.js'
import { parseTime } from './parse-time.js'

const SECOND = 1_000_000_000n
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3600n * SECOND
}

/** Reads `1h30m`, in nanoseconds. @throws GoFault */
function parseDuration(text: string): bigint {
  const bare = text.replace(/^[+-]/, '')
  if (bare === '0') return 0n
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(bare)) throw new GoFault(`time: invalid duration "${text}"`)
  let total = 0n
  for (const [, whole, fraction = '', unit] of bare.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += BigInt(whole || '0') * UNITS[unit!]! + (BigInt(fraction || '0') * UNITS[unit!]!) / 10n ** BigInt(fraction.length)
  }
  return text.startsWith('-') ? -total : total
}

/** Writes whole seconds as Go's Duration: `1h2m3s`. */
function durationText(seconds: bigint): string {
  if (seconds === 0n) return '0s'
  const size = seconds < 0n ? -seconds : seconds
  const hours = size / 3600n
  const minutes = (size / 60n) % 60n
  return `${seconds < 0n ? '-' : ''}${hours > 0n ? `${hours}h` : ''}${size >= 60n ? `${minutes}m` : ''}${size % 60n}s`
}

/** A time, seconds since 1970, or now for anything else. */
function timeOf(value: Value): GoTime {
  if (value instanceof GoTime) return value
  return isInteger(value) ? GoTime.ofSeconds(integerOf(value)) : GoTime.now()
}

const inZone = (layout: string, value: Value, zone: string): string => formatTime(timeOf(value).in(knownZone(zone)), layout)

function secondsOf(value: Value): bigint {
  if (typeof value === 'string') return /^[+-]?\d+$/.test(value) ? BigInt(value.replace(/^\+/, '')) : 0n
  return isInteger(value) && typeof value !== 'bigint' ? integerOf(value) : 0n
}

const STEPS: readonly (readonly [string, bigint])[] = [
  ['y', 3600n * 24n * 365n * SECOND],
  ['mo', 3600n * 24n * 30n * SECOND],
  ['d', 3600n * 24n * SECOND],
  ['h', 3600n * SECOND],
  ['m', 60n * SECOND],
  ['s', SECOND]
]

function durationRound(value: Value): string {
  const nanoseconds = nanosecondsOf(value)
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds
  for (const [unit, length] of STEPS) if (size > length) return `${size / length}${unit}`
  return '0s'
}

function nanosecondsOf(value: Value): bigint {
  if (value instanceof GoTime) return GoTime.now().nanoseconds - value.nanoseconds
  if (typeof value === 'string') {
    try {
      return parseDuration(value)
    } catch {
      return 0n
    }
  }
  return isInteger(value) && typeof value !== 'bigint' ? integerOf(value) : 0n
}

function modify(text: string, time: GoTime): GoTime {
  return time.plus(parseDuration(text))
}

function modifyOrKeep(text: string, time: GoTime): GoTime {
  try {
    return modify(text, time)
  } catch {
    return time
  }
}

function dateOrZero(layout: string, text: string): GoTime {
  try {
    return parseTime(layout, text)
  } catch {
    return GoTime.zero()
  }
}

const ago = (value: Value): string => {
  const nanoseconds = GoTime.now().nanoseconds - timeOf(value).nanoseconds
  return durationText((nanoseconds + SECOND / 2n) / SECOND)
}

export const DATES: FunctionTable = {
  ago: declare('any', ago),
  date: declare('string any', (layout: string, value: Value) => inZone(layout, value, 'Local')),
  dateInZone: declare('string any string', inZone),
  date_in_zone: declare('string any string', inZone),
  dateModify: declare('string time', modifyOrKeep),
  date_modify: declare('string time', modifyOrKeep),
  mustDateModify: declare('string time', modify),
  must_date_modify: declare('string time', modify),
  duration: declare('any', (value: Value) => durationText(secondsOf(value))),
  durationRound: declare('any', durationRound),
  htmlDate: declare('any', (value: Value) => inZone('2006-01-02', value, 'Local')),
  htmlDateInZone: declare('any string', (value: Value, zone: string) => inZone('2006-01-02', value, zone)),
  mustToDate: declare('string string', parseTime),
  now: declare('', () => GoTime.now()),
  toDate: declare('string string', dateOrZero),
  unixEpoch: declare('time', (time: GoTime) => String(time.seconds))
}
