/** ms between two questions. */
const EVERY_MS = 3_000
/** Unanswered questions in a row after which a worker counts as hung. */
const MOST_QUESTIONS = 10
/** As {@link MOST_QUESTIONS}, before its first sign: on a busy machine a process takes long to load its code. */
const MOST_AT_START = 40

export interface LifeSignsOptions {
  /** Numbers of the workers that have not ended. */
  readonly workers: () => readonly number[]
  readonly ask: (worker: number) => void
  /** Called for a worker that gives no sign; again as long as it has not ended. */
  readonly lost: (worker: number) => void
  /** ms; for tests. */
  readonly everyMs?: number
}

/**
 * Asks workers for signs of life while the primary waits for something that all of them have to do: a worker whose event loop stands still,
 * or that was stopped, would be waited for without an end. Questions are counted, not time: the primary may have stood still too.
 */
export class LifeSigns {
  private readonly options: LifeSignsOptions
  /** Questions without a sign. */
  private readonly unanswered = new Map<number, number>()
  /** Workers that have given a sign. */
  private readonly known = new Set<number>()
  private waiting = 0
  private timer: NodeJS.Timeout | undefined

  constructor(options: LifeSignsOptions) {
    this.options = options
  }

  /** Asks until `work` has settled. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.begin()
    try {
      return await work
    } finally {
      this.end()
    }
  }

  /** Asks until {@link end}. */
  begin(): void {
    if (this.waiting++ > 0) return
    this.unanswered.clear()
    this.timer = setInterval(() => this.look(), this.options.everyMs ?? EVERY_MS)
  }

  end(): void {
    if (--this.waiting === 0) clearInterval(this.timer)
  }

  heard(worker: number): void {
    this.unanswered.delete(worker)
    this.known.add(worker)
  }

  private look(): void {
    const { workers, ask, lost } = this.options
    const running = workers()
    for (const worker of this.known) if (!running.includes(worker)) this.known.delete(worker)
    for (const worker of running) {
      const questions = this.unanswered.get(worker) ?? 0
      if (questions >= (this.known.has(worker) ? MOST_QUESTIONS : MOST_AT_START)) lost(worker)
      this.unanswered.set(worker, questions + 1)
      ask(worker)
    }
  }
}
