/**
 * The access log: one entry per exchange, written when it is over.
 *
 * What comes in is an {@link AccessEntry} that the exchange filled as it went along; what goes out is KrakenD's line, followed
 * by one line per error, or one JSON object. It is independent of the logger's level. A log that is off does not exist.
 */

import type { Writable } from 'node:stream'
import type { ErrorCode } from '../errors.js'
import { workerPlace } from '../identity.js'
import { dashedTime, isoTime } from './clock.js'
import { shortDuration } from './go-duration.js'
import { type LogOutput, outputTo } from './log-output.js'
import { goQuote, safeText } from './log-text.js'

/** What is known of an exchange. Text fields are '' and counts 0 until they are known. */
export class AccessEntry {
  requestId = ''
  /** Of an exchange that is recorded. */
  traceId = ''
  /** The client's address, after trusted proxies. */
  client = ''
  method = ''
  /** The endpoint's pattern as configured, `/x/{id}`; '' when no endpoint matched. */
  route = ''
  /** As received, without the query. */
  path = ''
  /** As received, without `?`. */
  query = ''
  /** 499 when the client went away before it had its response. */
  status = 0
  /** Body bytes received from the client. */
  bytesIn = 0
  /** Body bytes sent to the client. */
  bytesOut = 0
  durationMs = 0
  /** Until the head of the response left; -1 = it never did. */
  timeToFirstByteMs = -1
  /** Origins that were called, separated by a comma and a space. */
  upstream = ''
  /** The stable code of what went wrong. */
  error: ErrorCode | '' = ''
  /** Which timer or limit fired, with its value: `timeout=2000ms`. */
  limit = ''
  /** Texts of the failures, in the order of their backends. */
  errors: readonly string[] | undefined = undefined
  userAgent = ''
}

export interface AccessLog {
  /** Writes an entry, unless its path is skipped. The entry may be used again afterwards. */
  write(entry: AccessEntry): void
}

export interface AccessLogOptions {
  /** `router.disable_access_log`. */
  readonly disabled: boolean
  /** `telemetry/logging.access_log_format`. */
  readonly format: 'default' | 'json'
  /** `router.logger_skip_paths`: decoded paths without query, compared as a whole. */
  readonly skipPaths: readonly string[]
  /** Default: standard output. */
  readonly out?: Writable
  /** Only {@link beside} takes entries. Default false. */
  readonly quiet?: boolean
  /** Takes each entry too. */
  readonly beside?: AccessLog | undefined
  /** The number of the worker that serves; default: that of this process, if it is one. Lines of JSON name it. */
  readonly worker?: number | undefined
}

/** Creates the access log; undefined when it is off. */
export function createAccessLog(options: AccessLogOptions): AccessLog | undefined {
  if (options.disabled) return undefined
  const output = outputTo(options.out ?? process.stdout)
  const skip = new Set(options.skipPaths)
  const { beside, worker = workerPlace() } = options
  const workerField = worker === undefined ? '' : `,"worker":${worker}`
  const asJson: Format = (entry, now) => formatJson(entry, now, workerField)
  const format = options.format === 'json' ? asJson : output.colours ? formatColoured : formatPlain
  const own = options.quiet ? undefined : new FullLog(output, format)
  const log = own === undefined || beside === undefined ? (own ?? beside) : joinLogs(own, beside)
  if (log === undefined) return undefined
  return skip.size === 0 ? log : skipping(log, skip)
}

function joinLogs(first: AccessLog, second: AccessLog): AccessLog {
  return {
    write(entry) {
      first.write(entry)
      second.write(entry)
    }
  }
}

function skipping(log: AccessLog, skip: ReadonlySet<string>): AccessLog {
  return {
    write(entry) {
      if (!skip.has(decodePath(entry.path))) log.write(entry)
    }
  }
}

type Format = (entry: AccessEntry, now: number) => string

class FullLog implements AccessLog {
  constructor(
    readonly output: LogOutput,
    readonly format: Format
  ) {}

  write(entry: AccessEntry): void {
    this.output.write(this.format(entry, Date.now()))
  }
}

function decodePath(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function formatPlain(entry: AccessEntry, now: number): string {
  return formatLine(entry, now, `${entry.status}`.padStart(3))
}

function formatColoured(entry: AccessEntry, now: number): string {
  const status = entry.status
  const colour = status < 300 ? 32 : status < 400 ? 36 : status < 500 ? 33 : 31
  return formatLine(entry, now, `\x1b[${colour}m${`${status}`.padStart(3)}\x1b[0m`)
}

function formatLine(e: AccessEntry, now: number, status: string): string {
  const path = decodePath(e.path)
  const target = goQuote(e.query === '' ? path : `${path}?${e.query}`)
  const latency = shortDuration(e.durationMs).padStart(8)
  let text = `[SLUICE] ${dashedTime(now)} | ${status} | ${latency} | ${e.client.padStart(15)} | ${e.method.padEnd(7)}  ${target}\n`
  if (e.errors !== undefined) {
    for (let i = 0; i < e.errors.length; i++) text += `Error #${i < 9 ? '0' : ''}${i + 1}: ${safeText(e.errors[i]!)}\n`
  }
  return text
}

/** Fields that are not known are absent. */
function formatJson(e: AccessEntry, now: number, worker: string): string {
  let text = `{"time":"${isoTime(now)}"${worker}`
  if (e.requestId !== '') text += `,"request_id":${JSON.stringify(e.requestId)}`
  if (e.traceId !== '') text += `,"trace_id":"${e.traceId}"`
  text += `,"client":${JSON.stringify(e.client)},"method":${JSON.stringify(e.method)}`
  if (e.route !== '') text += `,"route":${JSON.stringify(e.route)}`
  text += `,"path":${JSON.stringify(e.path)}`
  if (e.query !== '') text += `,"query":${JSON.stringify(e.query)}`
  text += `,"status":${e.status},"bytes_in":${e.bytesIn},"bytes_out":${e.bytesOut},"duration_ms":${milliseconds(e.durationMs)}`
  if (e.timeToFirstByteMs >= 0) text += `,"ttfb_ms":${milliseconds(e.timeToFirstByteMs)}`
  if (e.upstream !== '') text += `,"upstream":${JSON.stringify(e.upstream)}`
  if (e.error !== '') text += `,"error":"${e.error}"`
  if (e.limit !== '') text += `,"limit":${JSON.stringify(e.limit)}`
  if (e.userAgent !== '') text += `,"user_agent":${JSON.stringify(e.userAgent)}`
  return `${text}}\n`
}

function milliseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
