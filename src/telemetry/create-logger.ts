/**
 * Makes the gateway's logger.
 *
 * What comes in is `extra_config["telemetry/logging"]`, or nothing, and `telemetry/logstash`; what goes out is a logger and the
 * lines that a start says about it. Without the component everything is logged to the standard output as `2026/11/21 02:10:22 SLUICE INFO: text`.
 * Lines of levels that are off cost one comparison. Colours are for terminals only.
 */

import type { Writable } from 'node:stream'
import type { Json } from '../config/types.js'
import { ConfigError, type ConfigProblem } from '../errors.js'
import { workerPlace } from '../identity.js'
import { dashedTimeMillis, isoTime, plainTime } from './clock.js'
import { type Gelf, openGelf } from './gelf.js'
import { type LogOutput, outputTo } from './log-output.js'
import { compileLogPattern, LEVEL_COLOURS, type LogFormat } from './log-pattern.js'
import { boundedText, safeText, textOf } from './log-text.js'
import { type GatewayLogger, LOG_LEVELS, type LogFilter, type LogLevel } from './logger.js'
import { type LoggingOptions, readLoggingOptions } from './logging-options.js'
import { compileLogstash, type RecordFormat, wantsLogstash } from './logstash.js'
import { Syslog } from './syslog.js'

export interface CreateLoggerOptions {
  /** `extra_config["telemetry/logstash"]`: every line is a JSON object. */
  readonly logstash?: Json | undefined
  /** `extra_config["telemetry/gelf"]`: lines go to Graylog too. */
  readonly gelf?: Json | undefined
  /** Default: standard output. */
  readonly out?: Writable
  /** Chooses the lines that `out` gets; syslog and Graylog get all. Default: all. */
  readonly filter?: LogFilter | undefined
  /** Other places of the syslog daemon than this platform's. */
  readonly syslog?: { readonly paths?: readonly string[]; readonly udpPort?: number }
  /** True: wrong options give the default logger and an ERROR line, as in KrakenD. */
  readonly tolerant?: boolean
  /** The number of the worker that logs; default: that of this process, if it is one. Its lines name it. */
  readonly worker?: number | undefined
  /** Name of the configuration, for problems. Default `(object)`. */
  readonly file?: string
}

export interface CreatedLogger {
  readonly logger: GatewayLogger
  /** To be logged first, in order. */
  readonly startLines: readonly { readonly level: 'debug' | 'error'; readonly text: string }[]
  readonly accessLogFormat: 'default' | 'json'
  /** Closed with the logger. */
  readonly gelf?: Gelf | undefined
}

/**
 * Creates the logger; `config` undefined means that the component is not configured. The caller closes the logger.
 * @throws ConfigError (`SLUICE_ERR_CONFIG_INVALID`) for wrong options, unless `tolerant`
 */
export function createLogger(config: Json | undefined, options: CreateLoggerOptions = {}): CreatedLogger {
  const output = outputTo(options.out ?? process.stdout)
  output.onFailure ??= sayLost
  const { filter, worker = workerPlace() } = options
  const logstash = wantsLogstash(options.logstash)
  if (config === undefined && !logstash) {
    return {
      logger: new LineLogger('DEBUG', byMessage(formatDefault, worker), { output, filter, worker }),
      startLines: [],
      accessLogFormat: 'default'
    }
  }
  const problems: ConfigProblem[] = []
  const file = options.file ?? '(object)'
  if (config === undefined) problems.push(withoutLogging(file))
  const logging = readLoggingOptions(config ?? { level: 'DEBUG' }, file, problems)
  if (problems.length > 0) {
    if (!options.tolerant) throw new ConfigError(problems)
    return {
      logger: new LineLogger('DEBUG', byMessage(formatDefault, worker), { output, filter, worker }),
      startLines: problems.map(p => ({
        level: 'error',
        text: `[SERVICE: Logging] Unable to create the logger: ${p.pointer.endsWith('/level') ? '' : `${p.pointer}: `}${p.message}`
      })),
      accessLogFormat: logging.accessLogFormat
    }
  }
  const syslog = logging.syslog
    ? new Syslog({ facility: logging.syslogFacility, tag: logging.prefix, ...options.syslog })
    : undefined
  syslog?.opened.then(where => {
    if (!where.startsWith('udp:')) return
    const text = `[SERVICE: telemetry/logging] No syslog socket found on this machine, sending to ${where}`
    output.write(`${formatDefault('WARNING', text, Date.now())}\n`)
  })
  const gelf = openGelf(options.gelf, logging.prefix, worker)
  return {
    logger: new LineLogger(
      logging.level,
      logstash ? compileLogstash(logging.prefix, worker) : formatOf(logging, output.colours, worker),
      { output: logging.stdout ? output : undefined, filter, syslog, gelf, worker },
      logstash
    ),
    startLines: [{ level: 'debug', text: '[SERVICE: telemetry/logging] Improved logging started.' }],
    accessLogFormat: logging.accessLogFormat,
    gelf
  }
}

/** On the standard error output: the log has no room for it. */
function sayLost(error: Error): void {
  outputTo(process.stderr).write(
    `${formatDefault('ERROR', `[SERVICE: Logging] Log lines get lost: ${error.message}`, Date.now())}\n`
  )
}

/** Where lines go. */
interface Destinations {
  readonly output?: LogOutput | undefined
  /** For `output`. */
  readonly filter?: LogFilter | undefined
  readonly syslog?: Syslog | undefined
  readonly gelf?: Gelf | undefined
  readonly worker: number | undefined
}

const WEIGHTS = Object.fromEntries(LOG_LEVELS.map((level, i) => [level, i])) as Readonly<Record<LogLevel, number>>

class LineLogger implements GatewayLogger {
  readonly #least: number

  constructor(
    level: LogLevel,
    readonly format: RecordFormat,
    readonly to: Destinations,
    /** The syslog daemon gets whole lines, not only messages. */
    readonly wholeLines = false
  ) {
    const { output, syslog, gelf } = to
    this.#least = (output ?? syslog ?? gelf) === undefined ? LOG_LEVELS.length : WEIGHTS[level]
  }

  // Arrow functions: plugins may pass them around without their object.
  readonly debug = (...values: unknown[]): void => this.#log('DEBUG', values)
  readonly info = (...values: unknown[]): void => this.#log('INFO', values)
  readonly warning = (...values: unknown[]): void => this.#log('WARNING', values)
  readonly error = (...values: unknown[]): void => this.#log('ERROR', values)
  readonly critical = (...values: unknown[]): void => this.#log('CRITICAL', values)
  readonly fatal = (...values: unknown[]): void => this.#log('FATAL', values)

  enabled(level: LogLevel): boolean {
    return WEIGHTS[level] >= this.#least
  }

  async close(): Promise<void> {
    const { output, syslog, gelf } = this.to
    await Promise.all([syslog?.close(), gelf?.close()])
    await output?.drained()
  }

  #log(level: LogLevel, values: readonly unknown[]): void {
    if (WEIGHTS[level] < this.#least) return
    const { syslog, gelf, filter, worker } = this.to
    const output = filter === undefined || filter(level, messageOf(values)) ? this.to.output : undefined
    const now = Date.now()
    const line = output !== undefined || this.wholeLines ? this.format(level, values, now) : ''
    output?.write(`${line}\n`)
    syslog?.send(asCritical(level), this.wholeLines ? line : safeText(messageOf(values)) + workerNote(worker))
    gelf?.send(level, messageOf(values), now)
  }
}

function messageOf(values: readonly unknown[]): string {
  return boundedText(values.length === 1 ? textOf(values[0]) : values.map(textOf).join(' '))
}

/** Ends a message that has no field for it: ` worker=2`. */
const workerNote = (worker: number | undefined): string => (worker === undefined ? '' : ` worker=${worker}`)

function byMessage(format: LogFormat, worker: number | undefined): RecordFormat {
  const note = workerNote(worker)
  return (level, values, now) => format(level, messageOf(values) + note, now)
}

function withoutLogging(file: string): ConfigProblem {
  return {
    level: 'error',
    file,
    pointer: '/extra_config/telemetry~1logstash',
    message: "'telemetry/logstash' needs 'telemetry/logging'",
    suggestion: 'that says the level and where the lines go: {"level": "INFO", "stdout": true}'
  }
}

function formatDefault(level: LogLevel, message: string, now: number): string {
  return `${plainTime(now)} SLUICE ${level}: ${safeText(message)}`
}

function formatOf(logging: LoggingOptions, colours: boolean, worker: number | undefined): RecordFormat {
  if (logging.format === 'logstash') return byMessage(compileLogstashLine(worker), undefined)
  if (logging.format === 'custom') {
    const format = compileLogPattern(logging.customFormat, 'SLUICE', colours)
    return byMessage((level, message, now) => format(asCritical(level), safeText(message), now), worker)
  }
  const prefix = logging.prefix
  return byMessage((level, message, now) => {
    const colour = colours ? LEVEL_COLOURS[level] : ''
    const reset = colours ? '\x1b[0m' : ''
    return `${prefix} ${dashedTimeMillis(now)} ${colour}▶ ${asCritical(level)}${reset} ${safeText(message)}`
  }, worker)
}

/** KrakenD's field order and spaces; the message is escaped and the offset true, which it does not do. */
function compileLogstashLine(worker: number | undefined): LogFormat {
  const tail = `"module": "SLUICE"${worker === undefined ? '' : `, "worker": ${worker}`}}`
  return (level, message, now) =>
    `{"@timestamp":"${isoTime(now)}", "@version": 1, "level": "${asCritical(level)}", "message": ${JSON.stringify(message)}, ${tail}`
}

/** The component knows no FATAL. */
function asCritical(level: LogLevel): LogLevel {
  return level === 'FATAL' ? 'CRITICAL' : level
}
