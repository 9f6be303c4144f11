/** Log lines about faults of places: of each cause the first ones, and at the end the number of the others. */

import { MOST_LISTED } from '../../errors.js'
import type { Logger } from '../../telemetry/logger.js'

/** Causes that are told apart. */
const MOST_CAUSES = 100

type Level = 'warning' | 'error'

interface Told {
  readonly level: Level
  readonly cause: string
  lines: number
}

export class ToldLines {
  private readonly told = new Map<string, Told>()
  private readonly logger: Logger

  constructor(logger: Logger) {
    this.logger = logger
  }

  /** @param cause what the lines of several places have in common */
  tell(level: Level, cause: string, line: string): void {
    const key = `${level} ${cause}`
    let one = this.told.get(key)
    if (one === undefined) {
      one = this.told.size < MOST_CAUSES ? { level, cause, lines: 0 } : this.others(level)
      this.told.set(this.told.size < MOST_CAUSES ? key : `${level} `, one)
    }
    if (++one.lines <= MOST_LISTED) this.logger[level](line)
  }

  /** What stands for all causes beyond those that are told apart. */
  private others(level: Level): Told {
    return this.told.get(`${level} `) ?? { level, cause: 'other causes', lines: 0 }
  }

  /** Tells how many lines were left out. Call it when all places have been compiled. */
  end(): void {
    for (const { level, cause, lines } of this.told.values()) {
      if (lines > MOST_LISTED) this.logger[level](`and ${lines - MOST_LISTED} places more: ${cause}`)
    }
    this.told.clear()
  }
}
