/** Watches over a listening gateway until a signal, or the primary of a cluster, ends it. */

import cluster from 'node:cluster'
import { constants } from 'node:os'
import type { RunnableGateway } from './gateway-module.js'

/** Signals that end the gateway, with the names that KrakenD logs. */
export const SIGNALS = { SIGINT: 'interrupt', SIGTERM: 'terminated' } as const

/** What the primary of a cluster asks its workers for. */
export interface StopMessage {
  readonly kind: 'stop'
}

/**
 * The first signal drains the gateway, a second one ends the process at once with 128 + the signal's number. What nobody
 * caught is logged and ends nothing: it belongs to one exchange, and the others go on. A worker of a cluster leaves signals
 * to its primary, which passes them on once (a terminal sends them to all processes of a group).
 */
export function supervise(gateway: RunnableGateway): Promise<number> {
  const { logger } = gateway
  const onUncaught = (error: unknown): void => logger.critical('Uncaught exception:', stackOf(error))
  const onUnhandled = (reason: unknown): void => logger.critical('Unhandled rejection:', stackOf(reason))
  process.on('uncaughtException', onUncaught)
  process.on('unhandledRejection', onUnhandled)
  return new Promise(resolve => {
    let closing = false
    const stop = (): void => {
      closing = true
      gateway.close().then(
        drained => {
          if (!drained) {
            const { maxShutdownWaitMs } = gateway.config.server
            logger.warning(`Exchanges were still open after max_shutdown_wait_time (${maxShutdownWaitMs}ms) and were cut`)
          }
          finish(0)
        },
        error => {
          logger.critical('The gateway could not be closed:', stackOf(error))
          finish(1)
        }
      )
    }
    const onSignal = (signal: keyof typeof SIGNALS): void => {
      if (cluster.isWorker) return
      logger.info('Signal intercepted:', SIGNALS[signal])
      if (closing) {
        logger.warning('Second signal: ending at once, open exchanges are cut')
        process.exit(128 + constants.signals[signal])
      }
      stop()
    }
    const onMessage = (message: { kind?: string }): void => {
      if (message?.kind === 'stop' && !closing) stop()
      if (message?.kind === 'memory') {
        const { rss, heapUsed } = process.memoryUsage()
        process.send?.({ kind: 'memory', rss, heapUsed })
      }
    }
    // a primary that is gone leaves nobody to stop this worker later
    const onDisconnect = (): void => {
      if (!closing) stop()
    }
    const finish = (code: number): void => {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
      process.off('uncaughtException', onUncaught).off('unhandledRejection', onUnhandled)
      process.off('message', onMessage).off('disconnect', onDisconnect)
      resolve(code)
    }
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
    if (cluster.isWorker) process.on('message', onMessage).on('disconnect', onDisconnect)
  })
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
