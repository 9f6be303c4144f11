/**
 * What asks a serving command to stop, from its first moment on: a signal, the primary of a cluster, the end of the shell in
 * which npm runs it. Until `supervise` takes the requests over, nothing is served yet and the first one ends the process with 0.
 */

import cluster from 'node:cluster'
import { endByHangUp, type ReloadCause, type ReloadOutcome, ReloadRequests } from './reload-requests.js'

/** Signals that end the gateway, with the names that KrakenD logs. */
export const SIGNALS = { SIGINT: 'interrupt', SIGTERM: 'terminated' } as const

/** Why the gateway is to stop. */
export type StopCause = keyof typeof SIGNALS | 'primary' | 'replaced' | 'parent' | 'terminal'

/** What the primary of a cluster tells its workers. */
export type PrimaryMessage =
  | { readonly kind: 'stop' | 'memory' | 'sign' }
  /** Another worker serves in this one's place. */
  | { readonly kind: 'retire' }
  | { readonly kind: 'reload'; readonly cause: ReloadCause }

/** What a worker tells the primary: that it hears messages, that its port is open, a sign of life, or how much memory it has, bytes. */
export type WorkerMessage =
  | { readonly kind: 'hears' | 'serves' | 'sign' }
  | { readonly kind: 'reloaded'; readonly outcome: ReloadOutcome }
  | { readonly kind: 'memory'; readonly rss: number; readonly heapUsed: number }

const PARENT_CHECK_MS = 500

export class StopRequests {
  #react: (cause: StopCause) => void = cause => (cause === 'terminal' ? endByHangUp() : process.exit(0))
  readonly #ends: (() => void)[] = []
  /** What asks for another configuration in place of an end. */
  readonly reloads: ReloadRequests

  constructor() {
    this.reloads = new ReloadRequests(() => this.#react('terminal'))
    this.#ends.push(() => this.reloads.end())
    if (cluster.isWorker) this.#listenToPrimary()
    else {
      this.#listen('SIGINT', () => this.#react('SIGINT'))
      this.#listen('SIGTERM', () => this.#react('SIGTERM'))
      this.#watchParent()
    }
  }

  /** From now on `react` hears of each request. */
  take(react: (cause: StopCause) => void): void {
    this.#react = react
  }

  /** Tells the primary, if there is one, that the gateway's port is open. */
  serves(): void {
    if (cluster.isWorker) this.#tell({ kind: 'serves' })
  }

  /** Lets go of signals, messages and the timer. */
  end(): void {
    for (const end of this.#ends.splice(0)) end()
  }

  #listen(event: string, heard: (message: PrimaryMessage) => void): void {
    process.on(event, heard)
    this.#ends.push(() => process.off(event, heard))
  }

  /** A worker leaves signals to its primary, which passes them on once: a terminal sends them to all processes of a group. */
  #listenToPrimary(): void {
    this.#listen('SIGINT', () => {})
    this.#listen('SIGTERM', () => {})
    this.#listen('message', message => {
      if (message?.kind === 'stop') this.#react('primary')
      if (message?.kind === 'retire') this.#react('replaced')
      if (message?.kind === 'reload') {
        void this.reloads.ask({ cause: message.cause, roll: false }).then(outcome => this.#tell({ kind: 'reloaded', outcome }))
      }
      if (message?.kind === 'sign') this.#tell({ kind: 'sign' })
      if (message?.kind === 'memory') this.#tell({ kind: 'memory', ...process.memoryUsage() })
    })
    // A primary that is gone can stop this worker no more.
    this.#listen('disconnect', () => this.#react('primary'))
    // a message to a primary that is gone is lost
    this.#listen('error', () => {})
    this.#tell({ kind: 'hears' })
  }

  #tell(message: WorkerMessage): void {
    if (process.connected) process.send?.(message)
  }

  /**
   * npm and npx run a command in a shell that does not pass signals on: SIGTERM ends both and leaves the command behind, which
   * then has another parent. Other scripts may start a gateway in the background, and their shell ends in good order.
   */
  #watchParent(): void {
    if (!['start', 'npx'].includes(process.env.npm_lifecycle_event ?? '')) return
    const parent = process.ppid
    const timer = setInterval(() => {
      if (process.ppid === parent) return
      clearInterval(timer)
      this.#react('parent')
    }, PARENT_CHECK_MS)
    timer.unref()
    this.#ends.push(() => clearInterval(timer))
  }
}
