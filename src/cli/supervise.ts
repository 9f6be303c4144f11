/** Watches over a listening gateway until it is asked to stop. */

import { constants } from 'node:os'
import { reloadGateway } from './control/reload-gateway.js'
import { endByHangUp } from './control/reload-requests.js'
import { SIGNALS, type StopCause, type StopRequests } from './control/stop-requests.js'
import type { RunnableGateway } from './gateway-module.js'

/** Another worker takes new connections, and probes ask that one; clients of this one may have sent their next request already. */
const REPLACED = { delayMs: 0, lastRequestMs: 5_000 }

/**
 * The first signal drains the gateway, a second one ends the process at once with 128 + the signal's number. An uncaught error is
 * logged and ends nothing: it belongs to one exchange, and the others go on.
 * @param onStop called when the gateway begins to stop
 */
export function supervise(gateway: RunnableGateway, requests: StopRequests, onStop: () => void = () => {}): Promise<number> {
  const onUncaught = (error: unknown): void => gateway.logger.critical('Uncaught exception:', stackOf(error))
  const onUnhandled = (reason: unknown): void => gateway.logger.critical('Unhandled rejection:', stackOf(reason))
  process.on('uncaughtException', onUncaught)
  process.on('unhandledRejection', onUnhandled)
  return new Promise(resolve => {
    let closing = false
    const stop = (cause: StopCause): void => {
      closing = true
      onStop()
      const { logger } = gateway
      gateway.close(cause === 'replaced' ? REPLACED : {}).then(
        drained => {
          if (!drained) {
            const { maxShutdownWaitMs } = gateway.config.server
            logger.warning(`Exchanges were still open after max_shutdown_wait_time (${maxShutdownWaitMs}ms) and were cut`)
          }
          finish(0, cause)
        },
        error => {
          logger.critical('The gateway could not be closed:', stackOf(error))
          finish(1, cause)
        }
      )
    }
    const finish = (code: number, cause?: StopCause): void => {
      requests.end()
      if (cause === 'terminal') endByHangUp()
      process.off('uncaughtException', onUncaught).off('unhandledRejection', onUnhandled)
      resolve(code)
    }
    requests.reloads.take(request => reloadGateway(gateway, request))
    requests.take(cause => {
      const again = closing
      const { logger } = gateway
      if (isSignal(cause)) logger.info('Signal intercepted:', SIGNALS[cause])
      if (cause === 'parent') logger.info('The shell in which npm ran the gateway has ended')
      if (cause === 'terminal') logger.info('The terminal of the gateway was closed')
      if (!again) return stop(cause)
      if (!isSignal(cause)) return
      logger.warning('Second signal: ending at once, open exchanges are cut')
      process.exit(128 + constants.signals[cause])
    })
  })
}

function isSignal(cause: StopCause): cause is keyof typeof SIGNALS {
  return Object.hasOwn(SIGNALS, cause)
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
