/** What a command works on, and how far one over many things is: one line on the standard error output that rewrites itself. On terminals only. */

import type { Terminal } from './terminal.js'

/** Takes the time; a test gives its own clock, ms. */
export type Clock = () => number

export interface ProgressOptions {
  /** A single step shows its label, since it may take long. Default false. */
  readonly showsSingle?: boolean
  readonly now?: Clock
}

export class Progress {
  private readonly terminal: Terminal
  private readonly total: number
  private readonly least: number
  private readonly now: Clock
  private readonly began: number
  private done = 0

  /** @param total steps; 0 = nothing is shown */
  constructor(terminal: Terminal, total: number, { showsSingle = false, now = () => performance.now() }: ProgressOptions = {}) {
    this.terminal = terminal
    this.total = total
    this.least = showsSingle ? 1 : 2
    this.now = now
    this.began = now()
  }

  /** Begins the next step. Waits until what was printed before is out, so that lines do not mix. */
  async step(label: string): Promise<void> {
    if (this.total >= this.least && this.terminal.showsProgress) {
      await this.terminal.drained()
      const place = this.total === 1 ? '' : `${this.done + 1} of ${this.total}${this.left()}  `
      this.terminal.status(`${place}${label}  (Ctrl-C stops)`)
    }
    this.done++
  }

  /** Takes the line away. */
  end(): void {
    this.terminal.status('')
  }

  /** What is left, as the steps so far make expect; '' before the second. */
  private left(): string {
    if (this.done === 0) return ''
    const seconds = Math.round((((this.now() - this.began) / this.done) * (this.total - this.done)) / 1000)
    const text = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    return `, about ${text} left`
  }
}
