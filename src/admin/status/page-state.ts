/**
 * The status as the page holds it: tables whose rows have a number, so that a patch names a row in few bytes. In: reports, one a second. Out:
 * objects that share what has not changed.
 */

import type { RecentError } from './recent-errors.js'
import type { EndpointShape, LiveReport } from './report.js'

/** Rows by their numbers. */
export type Rows<T> = Readonly<Record<number, T>>

/** What the page shows of a pipe before it is opened. */
export type PipeSummary = Pick<EndpointShape, 'pipe' | 'direct' | 'holds' | 'may_hold'>

/** Tables of a report whose rows stand in the order of the configuration: the place of a row is its number. */
const TABLES = ['endpoints', 'backends', 'pools', 'components', 'plugins', 'workers'] as const

type TableName = (typeof TABLES)[number]

/** The data of the event `all`; events `live` are merge patches of it. */
export type PageState = Omit<LiveReport, TableName | 'errors'> & {
  readonly [Name in TableName]: Rows<NonNullable<LiveReport[Name]>[number]>
} & {
  readonly errors: Rows<RecentError>
  /** By the number of their endpoint. */
  readonly pipes: Rows<PipeSummary>
}

/** Makes states of reports. One for all pages that are open. */
export class PageStates {
  private readonly pipes: Rows<PipeSummary>
  /** Numbers of errors, which move when they come again. */
  private errors = new Map<string, number>()
  private nextError = 0

  /** @param shapes of the endpoints, in the order of the reports */
  constructor(shapes: readonly EndpointShape[]) {
    this.pipes = { ...shapes.map(({ pipe, direct, holds, may_hold }) => ({ pipe, direct, holds, may_hold })) }
  }

  of(report: LiveReport): PageState {
    const tables = Object.fromEntries(TABLES.map(name => [name, { ...report[name] }])) as Pick<PageState, TableName>
    return { ...report, ...tables, errors: this.numbered(report.errors), pipes: this.pipes }
  }

  private numbered(errors: readonly RecentError[]): Rows<RecentError> {
    const keys = errors.map(({ code, endpoint }) => `${code} ${endpoint}`)
    this.errors = new Map(keys.map(key => [key, this.errors.get(key) ?? this.nextError++]))
    return Object.fromEntries(errors.map((error, i) => [this.errors.get(keys[i]!)!, error]))
  }
}
