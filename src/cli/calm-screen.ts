/**
 * What `sluice run` shows on a terminal in place of all lines of the log: one screen at the start, then what needs an operator. A log that
 * goes into a file or a pipe is not touched.
 */

import { plain, wrapped } from '../pipe/terminal-text.js'
import type { LogLevel } from '../telemetry/logger.js'
import type { RunnableGateway } from './gateway-module.js'

/** Endpoints that the screen lists; the others are a number. */
const MOST_LISTED = 12

/** Chooses the lines of the log that a terminal gets: none while the gateway starts, then warnings, errors and reloads. */
export class CalmLog {
  /** The screen was shown. */
  serving = false

  readonly takes = (level: LogLevel, message: string): boolean => {
    if (!this.serving) return level === 'CRITICAL' || level === 'FATAL'
    return NEEDS_EYES.has(level) || WANTED.test(message)
  }
}

/** Responses to what the operator has asked for. */
const WANTED = /^(?:\[SERVICE: Reload\]|Signal intercepted:|\[SERVICE: Router\] Not ready)/
const NEEDS_EYES: ReadonlySet<LogLevel> = new Set(['WARNING', 'ERROR', 'CRITICAL', 'FATAL'])

/** What the screen tells. */
export interface ScreenFacts {
  readonly config: RunnableGateway['config']
  readonly version: string
  readonly port: number
  readonly admin: { readonly address: string; readonly port: number } | undefined
  /** 0 = no workers. */
  readonly workers: number
  readonly colours: boolean
  /** Columns; undefined = as many as a line needs. */
  readonly width?: number | undefined
}

/** Makes the screen. */
export function calmScreen(facts: ScreenFacts): string {
  const { config, version, workers } = facts
  const bold = (text: string): string => (facts.colours ? `\x1b[1m${text}\x1b[0m` : text)
  const rows: [name: string, text: string][] = [['address', addressOf(facts)]]
  if (facts.admin !== undefined) rows.push(['status page', `http://${hostOf(facts.admin.address)}:${facts.admin.port}/__sluice/`])
  rows.push(['file', config.source])
  if (workers > 0) rows.push(['workers', String(workers)])
  rows.push(['endpoints', endpointsOf(config)])
  const warnings = problemsOf(facts)
  if (warnings !== '') rows.push(['findings', warnings])
  const width = Math.max(...rows.map(([name]) => name.length))
  const columns = facts.width ?? Number.POSITIVE_INFINITY
  const listed = config.endpoints
    .slice(0, MOST_LISTED)
    .map(({ method, path }) => cut(`    ${method.padEnd(7)} ${plain(path)}`, columns))
  const more = config.endpoints.length - listed.length
  if (more > 0) listed.push(`    and ${more} more: sluice pipes -c ${config.source}`)
  return [
    '',
    `  ${bold(`Sluice ${version}`)}${config.name === '' ? '' : `  ${plain(config.name)}`}`,
    '',
    ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
    '',
    ...listed,
    ...(listed.length === 0 ? [] : ['']),
    ...HINTS.flatMap(hint => wrapped(hint, columns - 2).map(line => `  ${line}`)),
    ''
  ].join('\n')
}

const HINTS = [
  'From here on only warnings and errors show. All lines: --verbose, or send them to a file or a pipe.',
  'Ctrl-C stops, and lets what is in flight finish; again ends at once.'
]

/** A list of endpoints is read line by line: a long path does not go on in the next one. */
function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(12, columns - 1))}…`
}

function addressOf({ config, port }: ScreenFacts): string {
  const scheme = config.server.tls === undefined ? 'http' : 'https'
  const everywhere = config.listenIp === '' || config.listenIp === '0.0.0.0' || config.listenIp === '::'
  return `${scheme}://${everywhere ? 'localhost' : hostOf(config.listenIp)}:${port}${everywhere ? ', on all interfaces' : ''}`
}

const hostOf = (address: string): string => (address.includes(':') ? `[${address}]` : address)

function endpointsOf({ endpoints }: ScreenFacts['config']): string {
  const direct = endpoints.filter(({ outputEncoding }) => outputEncoding === 'no-op').length
  if (endpoints.length === 0) return 'none'
  return direct === 0 ? String(endpoints.length) : `${endpoints.length}, ${direct} of them pass bytes through`
}

/** How many findings there are, and where to read them. */
function problemsOf({ config, colours }: ScreenFacts): string {
  const count = (level: string): number => config.problems.filter(problem => problem.level === level).length
  const errors = count('error')
  const warnings = count('warning')
  if (errors + warnings === 0) return ''
  const parts = [errors > 0 ? `${errors} left out` : '', warnings > 0 ? `${warnings} warning${warnings > 1 ? 's' : ''}` : '']
  const text = parts.filter(part => part !== '').join(', ')
  const tolerant = errors > 0 ? ' --tolerant' : ''
  return `${colours ? `\x1b[33m${text}\x1b[0m` : text}: sluice check${tolerant} -c ${config.source}`
}
