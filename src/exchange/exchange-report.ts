import type { IncomingMessage } from 'node:http'
import type { GatewayError } from '../errors.js'
import { failureOutcome } from '../pipe/measure.js'
import type { PipeMeter } from '../telemetry/observer.js'
import type { ServerSpan } from '../telemetry/span.js'

/** What is known of an exchange when it is over; the access log is written from it. */
export interface ExchangeReport {
  readonly req: IncomingMessage
  readonly clientAddress: string
  /** `performance.now()` when the request line was read. */
  readonly startedAt: number
  /** `performance.now()` when the head of the response was written; 0 = never. */
  readonly firstByteAt: number
  /** As sent; 499 is for the log to write when the client went away. */
  readonly status: number
  /** Body bytes handed to the socket. */
  readonly bytesOut: number
  /** Body bytes read from the client. */
  readonly bytesIn: number
  /** Why the response is an error, partial or cut; undefined when all is well. */
  readonly error: GatewayError | undefined
  /** The response broke off, or its client went away. */
  readonly cut: boolean
  /** `http://host:port` of the last upstream call, '' without one. */
  readonly upstream: string
  /** The endpoint's path as configured, '' outside of endpoints. */
  readonly route: string
  readonly requestId: string
  /** Its trace; undefined = it is not recorded. */
  readonly span: ServerSpan | undefined
}

/** Takes reports. Where it is undefined, no log or component takes them and nothing is measured. */
export type Report = (report: ExchangeReport) => void

/** Joins reports; undefined when there is none. */
export function joinReports(reports: readonly (Report | undefined)[]): Report | undefined {
  const all = reports.filter(report => report !== undefined)
  if (all.length < 2) return all[0]
  return exchange => {
    for (const report of all) report(exchange)
  }
}

/** Tells the meters of a pipe that is one with its exchange: its time is the time to the response's head. */
export function meteredReport(report: Report | undefined, meters: readonly (PipeMeter | undefined)[]): Report | undefined {
  const told = meters.filter(meter => meter !== undefined)
  if (told.length === 0) return report
  return exchange => {
    const ms = (exchange.firstByteAt || performance.now()) - exchange.startedAt
    const outcome = exchange.error === undefined ? 'complete' : failureOutcome(exchange.error)
    for (const meter of told) meter(ms, outcome, exchange.span)
    report?.(exchange)
  }
}
