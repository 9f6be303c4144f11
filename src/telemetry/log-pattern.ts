/** Patterns of the log format `custom`: `%{verb}` or `%{verb:layout}` amid free text, compiled once. */

import { basename } from 'node:path'
import { compileGoLayout } from './go-layout.js'
import type { LogLevel } from './logger.js'

/** Makes one line, without its line feed. */
export type LogFormat = (level: LogLevel, message: string, now: number) => string

/** What KrakenD's levels look like on a terminal; INFO and NOTICE keep the terminal's own colour. */
export const LEVEL_COLOURS: Readonly<Record<LogLevel, string>> = {
  DEBUG: '\x1b[36m',
  INFO: '',
  NOTICE: '\x1b[32m',
  WARNING: '\x1b[33m',
  ERROR: '\x1b[31m',
  CRITICAL: '\x1b[35m',
  FATAL: '\x1b[35m'
}

/** Default layout of `%{time}`. */
const TIME_LAYOUT = '2006-01-02T15:04:05.999Z07:00'
/** Verbs that name the place in the source of the program; there is none to name. */
const CALLER_VERBS: ReadonlySet<string> = new Set([
  'longfile',
  'shortfile',
  'longpkg',
  'shortpkg',
  'longfunc',
  'shortfunc',
  'callpath'
])

/**
 * Compiles a pattern; `module` fills `%{module}`, colours are left out unless `colours`.
 * @throws Error when a verb or its layout is unknown
 */
export function compileLogPattern(pattern: string, module: string, colours: boolean): LogFormat {
  const parts: (string | LogFormat)[] = []
  const verbs = /%\{([a-z]+)(?::(.*?[^\\]))?\}/g
  let end = 0
  for (const match of pattern.matchAll(verbs)) {
    parts.push(pattern.slice(end, match.index), compileVerb(match[1]!, match[2], module, colours))
    end = match.index + match[0].length
  }
  parts.push(pattern.slice(end))
  return (level, message, now) => {
    let line = ''
    for (const part of parts) line += typeof part === 'string' ? part : part(level, message, now)
    return line
  }
}

function compileVerb(verb: string, layout: string | undefined, module: string, colours: boolean): LogFormat {
  switch (verb) {
    case 'time': {
      const format = compileGoLayout(layout ?? TIME_LAYOUT)
      return (_level, _message, now) => format(now)
    }
    case 'color':
      return compileColour(layout, colours)
    case 'message': {
      const format = compileDirective(verb, layout ?? 's')
      return (_level, message) => format(message)
    }
    case 'level': {
      const format = compileDirective(verb, layout ?? 's')
      return level => format(level)
    }
    case 'id': {
      const format = compileDirective(verb, layout ?? 'd')
      let id = 0
      return () => format(++id)
    }
    default:
      return compileConstant(verb, layout, module)
  }
}

function compileConstant(verb: string, layout: string | undefined, module: string): LogFormat {
  const value =
    verb === 'module'
      ? module
      : verb === 'pid'
        ? process.pid
        : verb === 'program'
          ? basename(process.argv[1] ?? process.title)
          : CALLER_VERBS.has(verb)
            ? '???'
            : undefined
  if (value === undefined) throw new Error(`logger: unknown variable: ${verb}`)
  // Layouts of the caller verbs count path elements; there are none.
  const text = CALLER_VERBS.has(verb) ? '???' : compileDirective(verb, layout ?? (typeof value === 'number' ? 'd' : 's'))(value)
  return () => text
}

function compileColour(layout: string | undefined, colours: boolean): LogFormat {
  if (layout !== undefined && layout !== 'bold' && layout !== 'reset') throw new Error(`logger: unknown color option: ${layout}`)
  if (!colours) return () => ''
  if (layout === 'reset') return () => '\x1b[0m'
  return layout === 'bold' ? level => LEVEL_COLOURS[level].replace('m', ';1m') : level => LEVEL_COLOURS[level]
}

/** The directives of Go's fmt that make sense for a text or a whole number: `.6s`, `-8s`, `03x`, `d`. */
function compileDirective(verb: string, layout: string): (value: string | number) => string {
  const match = /^([-0]*)(\d*)(?:\.(\d+))?([svdxX])$/.exec(layout)
  const kind = match?.[4]
  if (match === null || (verb === 'id' || verb === 'pid' ? kind === 's' : kind !== 's' && kind !== 'v')) {
    throw new Error(`logger: unknown layout ${JSON.stringify(layout)} of %{${verb}}`)
  }
  const [, flags, width, precision] = match
  const columns = Number(width)
  const most = precision === undefined ? Infinity : Number(precision)
  return value => {
    let text = typeof value === 'string' ? value.slice(0, most) : value.toString(kind === 'x' || kind === 'X' ? 16 : 10)
    if (kind === 'X') text = text.toUpperCase()
    return flags!.includes('-') ? text.padEnd(columns) : text.padStart(columns, flags!.includes('0') ? '0' : ' ')
  }
}
