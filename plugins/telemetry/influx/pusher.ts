/** Sends snapshots to InfluxDB: one request at a time, never waited for, what could not be sent kept within bounds. */

import { Agent, type Dispatcher, request } from 'undici'

/** Where to, and how. */
export interface Target {
  /** `http(s)://host:port`, with a path where a proxy stands in front. */
  readonly address: URL
  readonly database: string
  readonly username: string
  readonly password: string
  /** Snapshots that are kept when they could not be sent. */
  readonly bufferSize: number
}

export interface PushLog {
  warning(text: string): void
  info(text: string): void
}

const TIMEOUT_MS = 10_000
/** Most snapshots kept, and most characters of them, whatever the configuration says. */
const MOST_KEPT = 1_000
const MOST_CHARACTERS = 8 * 1024 * 1024
/** Characters of an error's text that a line shows. */
const MOST_SHOWN = 200

/** The sending half of `telemetry/influx`. */
export class InfluxPusher {
  private readonly url: string
  private readonly headers: Readonly<Record<string, string>>
  private readonly mostKept: number
  private readonly log: PushLog
  private readonly dispatcher: Dispatcher = new Agent({ connections: 1, connectTimeout: TIMEOUT_MS, maxResponseSize: 64 * 1024 })
  private readonly stop = new AbortController()
  private kept: string[] = []
  private failures = 0
  private lost = 0
  private busy = false
  private isFailing = false

  constructor({ address, database, username, password, bufferSize }: Target, log: PushLog) {
    const base = `${address.origin}${address.pathname.replace(/\/+$/, '')}`
    this.url = `${base}/write?db=${encodeURIComponent(database)}&precision=s`
    const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    this.headers = { 'Content-Type': 'text/plain; charset=utf-8', ...(username === '' ? {} : { Authorization: basic }) }
    this.mostKept = Math.min(MOST_KEPT, Math.max(0, bufferSize))
    this.log = log
  }

  /** Sends a snapshot, and behind it what was kept. A snapshot that comes while the one before is on its way waits with what is kept. */
  async push(lines: string): Promise<void> {
    if (this.busy) return this.keep(lines)
    this.busy = true
    try {
      await this.send(lines)
      await this.sendKept()
      this.recovered()
    } finally {
      this.busy = false
    }
  }

  private async sendKept(): Promise<void> {
    const { kept } = this
    if (this.isFailing || kept.length === 0) return
    this.kept = []
    this.isFailing = !(await this.post(kept.join('')))
    if (this.isFailing) for (const lines of kept) this.keep(lines)
  }

  private async send(lines: string): Promise<void> {
    this.isFailing = !(await this.post(lines))
    if (this.isFailing) this.keep(lines)
  }

  /** Returns whether InfluxDB took the lines. */
  private async post(body: string): Promise<boolean> {
    try {
      const signal = AbortSignal.any([this.stop.signal, AbortSignal.timeout(TIMEOUT_MS)])
      const { dispatcher, headers } = this
      const response = await request(this.url, { method: 'POST', headers, body, dispatcher, signal })
      const text = await response.body.text()
      if (response.statusCode >= 200 && response.statusCode < 300) return true
      this.failed(`${response.statusCode} ${text.slice(0, MOST_SHOWN).trim()}`)
    } catch (error) {
      if (!this.stop.signal.aborted) this.failed((error as Error).message)
    }
    return false
  }

  /** Says once what is wrong, until it works again. */
  private failed(why: string): void {
    if (this.failures++ === 0) this.log.warning(`Couldn't write to server: ${why}`)
  }

  private recovered(): void {
    if (this.isFailing || this.failures === 0) return
    this.log.info(`InfluxDB takes points again, after ${this.failures} failures; ${this.lost} snapshots are lost`)
    this.failures = 0
    this.lost = 0
  }

  /** Keeps the newest snapshots. */
  private keep(lines: string): void {
    this.kept.push(lines)
    let characters = this.kept.reduce((sum, one) => sum + one.length, 0)
    while (this.kept.length > this.mostKept || characters > MOST_CHARACTERS) {
      characters -= this.kept.shift()!.length
      this.lost++
    }
  }

  /** Ends what is on its way. */
  async close(): Promise<void> {
    this.stop.abort()
    await this.dispatcher.destroy()
  }
}
