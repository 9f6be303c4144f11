/** `extra_config["telemetry/logging"]`: its values as the logger needs them. */

import type { Json, JsonObject } from '../config/types.js'
import type { ConfigProblem } from '../errors.js'
import { compileLogPattern } from './log-pattern.js'
import { LOG_LEVELS, type LogLevel } from './logger.js'

/** Levels a configuration may name. */
const LEVELS: ReadonlySet<string> = new Set(LOG_LEVELS.filter(l => l !== 'FATAL'))
const FACILITIES = ['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const
const FORMATS = ['default', 'logstash', 'custom'] as const
const ACCESS_FORMATS = ['default', 'json'] as const

export type SyslogFacility = (typeof FACILITIES)[number]

export interface LoggingOptions {
  readonly level: LogLevel
  readonly prefix: string
  readonly stdout: boolean
  readonly syslog: boolean
  readonly syslogFacility: SyslogFacility
  readonly format: (typeof FORMATS)[number]
  /** '' unless `format` is custom. */
  readonly customFormat: string
  readonly accessLogFormat: (typeof ACCESS_FORMATS)[number]
}

const POINTER = '/extra_config/telemetry~1logging'

/** Reads the options and appends what is wrong with them to `problems`; a wrong value keeps its default. `file` names the configuration. */
export function readLoggingOptions(config: Json, file: string, problems: ConfigProblem[]): LoggingOptions {
  const report = (key: string, message: string, suggestion?: string): void => {
    const pointer = key === '' ? POINTER : `${POINTER}/${key}`
    problems.push({ level: 'error', file, pointer, message, ...(suggestion === undefined ? {} : { suggestion }) })
  }
  const object = isObject(config) ? config : undefined
  if (object === undefined) report('', `an object is expected, not ${kindOf(config)}`)
  const value = (key: string): Json | undefined => (object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined)
  const bool = (key: string): boolean => {
    const v = value(key)
    if (v === undefined || typeof v === 'boolean') return v ?? false
    report(key, `true or false is expected, not ${kindOf(v)}`)
    return false
  }
  const text = (key: string, fallback: string): string => {
    const v = value(key)
    if (v === undefined || typeof v === 'string') return v ?? fallback
    report(key, `a string is expected, not ${kindOf(v)}`)
    return fallback
  }
  const choice = <T extends string>(key: string, choices: readonly [T, ...T[]], fallback: T): T => {
    const v = text(key, fallback)
    const found = choices.find(c => c === v)
    if (found === undefined) report(key, `unknown value ${JSON.stringify(v)}`, `one of ${choices.join(', ')}`)
    return found ?? fallback
  }

  const level = text('level', '').toUpperCase()
  const knownLevel = LEVELS.has(level)
  if (object !== undefined && !knownLevel && (value('level') === undefined || typeof value('level') === 'string')) {
    report('level', 'logger: invalid log level', `one of ${[...LEVELS].join(', ')}`)
  }
  const format = choice('format', FORMATS, 'default')
  const customFormat = format === 'custom' ? text('custom_format', '') : ''
  if (format === 'custom') {
    if (customFormat === '' && typeof (value('custom_format') ?? '') === 'string') {
      report('custom_format', 'the format "custom" needs a pattern', 'for example "%{time:15:04:05} %{level} %{message}"')
    }
    try {
      compileLogPattern(customFormat, '', false)
    } catch (error) {
      report('custom_format', (error as Error).message)
    }
  }
  return {
    level: knownLevel ? (level as LogLevel) : 'DEBUG',
    prefix: text('prefix', 'SLUICE'),
    stdout: bool('stdout'),
    syslog: bool('syslog'),
    syslogFacility: choice('syslog_facility', FACILITIES, 'local3'),
    format,
    customFormat,
    accessLogFormat: choice('access_log_format', ACCESS_FORMATS, 'default')
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
