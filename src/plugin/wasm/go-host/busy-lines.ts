import type { Logger } from '../../../telemetry/logger.js'

/** ms that a module may keep the gateway's thread without a word about it. */
const BUSY_MS = 50
/** ms between two lines about one module. */
const LINE_MS = 1_000

/** Says in the log which file has kept the gateway's thread for long: nothing else ran meanwhile. */
export class BusyLines {
  private readonly logger: Pick<Logger, 'warning'>
  private readonly file: string
  private quietUntil = 0

  constructor(logger: Pick<Logger, 'warning'>, file: string) {
    this.logger = logger
    this.file = file
  }

  /** Called after each turn of the module, ms. */
  took(ms: number): void {
    if (ms <= BUSY_MS) return
    const now = performance.now()
    if (now < this.quietUntil) return
    this.quietUntil = now + LINE_MS
    this.logger.warning(`[SERVICE: Plugins] ${this.file} kept the gateway busy for ${Math.round(ms)} ms`)
  }
}
