/** How far a run is, on the standard error output: one line that rewrites itself on a terminal, else a line for each thing that is measured. */

const SHOWN_EVERY_MS = 250

/** `1 min 20 s`, `12 s`. */
export function timeText(seconds) {
  const whole = Math.max(0, Math.round(seconds))
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

export class Progress {
  #total
  #out
  #began
  #now
  #done = 0
  #label = ''
  #shownAt = Number.NEGATIVE_INFINITY

  /**
   * @param {number} seconds that the whole run is expected to take; measured speed corrects it
   * @param {{ isTTY?: boolean, write(text: string): unknown }} out
   */
  constructor(seconds, out = process.stderr, now = () => performance.now()) {
    this.#total = seconds
    this.#out = out
    this.#now = now
    this.#began = now()
  }

  /** Names what is measured from now on. */
  start(label) {
    this.#label = label
    if (this.#out.isTTY) this.#show(true)
    else this.#out.write(`bench: ${label}, ${this.#left()}\n`)
  }

  /** A line that stays: what is known before the report is. */
  note(text) {
    this.clear()
    this.#out.write(`${text}\n`)
  }

  /** Something is done that was expected to take so long. */
  advance(seconds) {
    this.#done = Math.min(this.#total, this.#done + seconds)
    if (this.#out.isTTY) this.#show(false)
  }

  /** Takes the line away. */
  clear() {
    if (this.#out.isTTY) this.#out.write('\r\x1b[K')
  }

  #left() {
    const elapsed = (this.#now() - this.#began) / 1000
    const speed = this.#done > 0 ? elapsed / this.#done : 1
    return `about ${timeText((this.#total - this.#done) * speed)} left`
  }

  #show(always) {
    if (!always && this.#now() - this.#shownAt < SHOWN_EVERY_MS) return
    this.#shownAt = this.#now()
    const share = Math.floor((100 * this.#done) / this.#total)
    this.#out.write(`\r\x1b[K${share} %  ${this.#left()}  ${this.#label}  (Ctrl-C stops)`)
  }
}
