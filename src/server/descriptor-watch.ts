/**
 * Tells when the process has no file descriptor left. libuv accepts such connections on a spare descriptor and closes them, and
 * node:net emits no error: without this watch clients would be turned away and no log line would say why.
 */

import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'

export interface DescriptorWatchOptions {
  /** ms between two looks. */
  readonly everyMs: number
  /** Called once when the last descriptor is taken, and once when there is one again, with the ms in between. */
  readonly changed: (shortage: Shortage) => void
  /** Called at each look that finds no descriptor: what can be closed should be. */
  readonly relieve: () => void
  /** Returns false when no descriptor is left. Default: opens the null device. */
  readonly hasDescriptor?: () => boolean
}

/** `lastedMs` is undefined when the shortage begins. */
export interface Shortage {
  readonly lastedMs: number | undefined
}

export class DescriptorWatch {
  private readonly options: DescriptorWatchOptions
  private readonly timer: NodeJS.Timeout
  /** Since when no descriptor is left, on the monotonic clock. */
  private since: number | undefined = undefined

  /** The timer keeps no process alive. */
  constructor(options: DescriptorWatchOptions) {
    this.options = options
    this.timer = setInterval(() => this.look(), options.everyMs).unref()
  }

  private look(): void {
    const { since, options } = this
    const left = (options.hasDescriptor ?? opensOne)()
    if (!left) options.relieve()
    if (left === (since === undefined)) return
    this.since = left ? undefined : performance.now()
    options.changed({ lastedMs: since === undefined ? undefined : performance.now() - since })
  }

  stop(): void {
    clearInterval(this.timer)
  }
}

/** Errors of open(2) that say that the process, or the machine, has no descriptor left. */
const FULL = new Set(['EMFILE', 'ENFILE'])

function opensOne(): boolean {
  try {
    closeSync(openSync(devNull, 'r'))
    return true
  } catch (error) {
    return !FULL.has((error as NodeJS.ErrnoException).code ?? '')
  }
}
