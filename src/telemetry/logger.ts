/** The logger interface that every room and every plugin gets; formats live beside it. */

/** Levels by weight; a logger at level X drops what weighs less. */
export const LOG_LEVELS = ['DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL', 'FATAL'] as const
/** A level, upper-case. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Chooses lines by their level and message. */
export type LogFilter = (level: LogLevel, message: string) => boolean

/** What plugins see: six methods, values joined by single spaces. `fatal` logs and never exits. */
export interface Logger {
  debug(...values: unknown[]): void
  info(...values: unknown[]): void
  warning(...values: unknown[]): void
  error(...values: unknown[]): void
  critical(...values: unknown[]): void
  fatal(...values: unknown[]): void
}

/** What the gateway holds: also tells whether a level is on, so that texts are not built for nothing. */
export interface GatewayLogger extends Logger {
  /** True when lines of the level are written. */
  enabled(level: LogLevel): boolean
  /** Flushes and closes what the logger opened (syslog sockets). */
  close(): Promise<void>
}

/** The log of a gateway over all its configurations: for what outlives the one it was made under. */
export class LastingLogger implements Logger {
  /** That of the configuration that serves. */
  target: Logger | undefined

  debug(...values: unknown[]): void {
    this.target?.debug(...values)
  }

  info(...values: unknown[]): void {
    this.target?.info(...values)
  }

  warning(...values: unknown[]): void {
    this.target?.warning(...values)
  }

  error(...values: unknown[]): void {
    this.target?.error(...values)
  }

  critical(...values: unknown[]): void {
    this.target?.critical(...values)
  }

  fatal(...values: unknown[]): void {
    this.target?.fatal(...values)
  }
}

/** Drops everything. */
export const silentLogger: GatewayLogger = {
  debug() {},
  info() {},
  warning() {},
  error() {},
  critical() {},
  fatal() {},
  enabled: () => false,
  close: async () => {}
}
