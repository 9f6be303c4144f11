/**
 * What asks a serving command to reload: SIGHUP, a change of files (`--watch`), `sluice reload`. One that comes while the gateway starts
 * is answered when it serves.
 */

import cluster from 'node:cluster'
import { isatty } from 'node:tty'

/** Why to reload. */
export type ReloadCause = 'SIGHUP' | 'watch' | 'command'

/** How a reload ended, for people. */
export interface ReloadOutcome {
  readonly ok: boolean
  /** What has changed, or why nothing has. */
  readonly lines: readonly string[]
  /** Plugin files whose code has changed since it was loaded, and which this process cannot load again. */
  readonly staleCode: readonly string[]
  /** What a watch has to look at from now on. */
  readonly files: readonly string[]
}

export interface ReloadRequest {
  readonly cause: ReloadCause
  /** Asks for new processes, where there are workers. */
  readonly roll: boolean
}

type React = (request: ReloadRequest) => Promise<ReloadOutcome>

export class ReloadRequests {
  #react: React | undefined
  #early: (() => void)[] = []
  readonly #onHangUp: () => void

  /** @param terminalGone called in place of a reload when the signal came because the terminal was closed */
  constructor(terminalGone: () => void) {
    const onTerminal = hasTerminal()
    this.#onHangUp = () => {
      if (onTerminal && !hasTerminal()) terminalGone()
      // a worker leaves it to its primary, as a terminal or a supervisor may signal all of them
      else if (cluster.isPrimary) void this.ask({ cause: 'SIGHUP', roll: false })
    }
    process.on('SIGHUP', this.#onHangUp)
  }

  /** From now on `react` reloads; it must not reject. */
  take(react: React): void {
    this.#react = react
    for (const ask of this.#early.splice(0)) ask()
  }

  /** Reloads, when there is something that can. */
  ask(request: ReloadRequest): Promise<ReloadOutcome> {
    if (this.#react !== undefined) return this.#react(request)
    return new Promise(resolve => this.#early.push(() => resolve(this.#react!(request))))
  }

  /** Lets go of the signal. */
  end(): void {
    process.off('SIGHUP', this.#onHangUp)
  }
}

/**
 * Ends this process as a closed terminal ends programs. Not `process.exit`: at its end Node.js sets the terminal back, and aborts where there
 * is none.
 */
export function endByHangUp(): void {
  process.removeAllListeners('SIGHUP')
  process.kill(process.pid, 'SIGHUP')
}

/** False for a terminal that was closed: nothing can be asked of it any more. */
function hasTerminal(): boolean {
  return isatty(0) || isatty(1) || isatty(2)
}
