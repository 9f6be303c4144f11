import { MergeError } from '../errors.js'
import { fieldOf } from '../http/fields.js'
import { AccessEntry, type AccessLog } from '../telemetry/access-log.js'
import type { ExchangeReport, Report } from './exchange-report.js'

/** Writes each exchange to the access log; undefined when there is none. */
export function reportTo(log: AccessLog | undefined): Report | undefined {
  if (log === undefined) return undefined
  const entry = new AccessEntry()
  return report => {
    fill(entry, report)
    log.write(entry)
  }
}

function fill(entry: AccessEntry, report: ExchangeReport): void {
  const { req, error } = report
  const url = req.url ?? ''
  const mark = url.indexOf('?')
  entry.requestId = report.requestId
  entry.traceId = report.span?.traceId ?? ''
  entry.client = report.clientAddress
  entry.method = req.method ?? ''
  entry.route = report.route
  entry.path = mark < 0 ? url : url.slice(0, mark)
  entry.query = mark < 0 ? '' : url.slice(mark + 1)
  entry.status = error?.code === 'SLUICE_ERR_CLIENT_ABORTED' ? 499 : report.status
  entry.bytesIn = report.bytesIn
  entry.bytesOut = report.bytesOut
  entry.durationMs = performance.now() - report.startedAt
  entry.timeToFirstByteMs = report.firstByteAt === 0 ? -1 : report.firstByteAt - report.startedAt
  entry.upstream = report.upstream
  entry.error = error?.code ?? ''
  entry.limit = error?.limit ?? ''
  // an error without a text shows by its code alone: KrakenD prints no line for it
  entry.errors =
    error === undefined || error.message === ''
      ? undefined
      : error instanceof MergeError
        ? error.errors.map(e => e.message)
        : [error.message]
  entry.userAgent = fieldOf(req.rawHeaders, 'user-agent') ?? ''
}
