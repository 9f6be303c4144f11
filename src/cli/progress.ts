/** How far a command over many things is: one line on the standard error output that rewrites itself. On terminals only. */

import type { Terminal } from './terminal.js'

/** Takes the time; a test gives its own clock, ms. */
export type Clock = () => number

export class Progress {
  private readonly terminal: Terminal
  private readonly total: number
  private readonly now: Clock
  private readonly began: number
  private done = 0

  /** @param total steps; below two nothing is shown */
  constructor(terminal: Terminal, total: number, now: Clock = () => performance.now()) {
    this.terminal = terminal
    this.total = total
    this.now = now
    this.began = now()
  }

  /** Begins the next step. Waits until what was printed before is out, so that lines do not mix. */
  async step(label: string): Promise<void> {
    if (this.total > 1 && this.terminal.showsProgress) {
      await this.terminal.drained()
      this.terminal.status(`${this.done + 1} of ${this.total}${this.left()}  ${label}  (Ctrl-C stops)`)
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
