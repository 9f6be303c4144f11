/** `sluice run` and `sluice demo`: start, serve until a signal comes, stop in an orderly way. */

import { constants } from 'node:os'
import type { Arguments } from './arguments.js'
import type { LoadGateway, RunDemo, RunnableGateway } from './gateway-module.js'
import type { Terminal } from './terminal.js'

/** Serves a configuration; settles with the exit code when a signal ended it, or when it could not start. */
export async function run(args: Arguments, terminal: Terminal, loadGateway: LoadGateway): Promise<number> {
  const file = args.configFile()
  const port = args.port()
  let gateway: RunnableGateway
  try {
    const { createGateway } = await loadGateway()
    gateway = await createGateway(file, {
      tolerant: args.has('tolerant'),
      debug: args.has('debug'),
      ...(port === undefined ? {} : { port })
    })
  } catch (error) {
    terminal.failure(error, 'starting the gateway')
    return 1
  }
  try {
    await gateway.listen()
  } catch (error) {
    terminal.failure(error, 'starting the gateway')
    await gateway.close().catch(() => {})
    return 1
  }
  return supervise(gateway)
}

/** Serves the demonstration until a signal comes. */
export async function demo(args: Arguments, terminal: Terminal, load: () => Promise<{ runDemo: RunDemo }>): Promise<number> {
  const port = args.port()
  let gateway: RunnableGateway
  try {
    gateway = await (await load()).runDemo(port === undefined ? {} : { port })
  } catch (error) {
    terminal.failure(error, 'starting the demonstration')
    return 1
  }
  return supervise(gateway)
}

/** Signals that end the gateway, with the names that KrakenD logs. */
const SIGNALS = { SIGINT: 'interrupt', SIGTERM: 'terminated' } as const

/**
 * Watches over a listening gateway: the first signal drains it, a second one ends the process at once with 128 + the signal's
 * number. What nobody caught is logged and ends nothing: it belongs to one exchange, and the others go on.
 */
function supervise(gateway: RunnableGateway): Promise<number> {
  const { logger } = gateway
  const { maxShutdownWaitMs } = gateway.config.server
  const onUncaught = (error: unknown): void => logger.critical('Uncaught exception:', stackOf(error))
  const onUnhandled = (reason: unknown): void => logger.critical('Unhandled rejection:', stackOf(reason))
  process.on('uncaughtException', onUncaught)
  process.on('unhandledRejection', onUnhandled)
  return new Promise(resolve => {
    let closing = false
    const onSignal = (signal: keyof typeof SIGNALS): void => {
      logger.info('Signal intercepted:', SIGNALS[signal])
      if (closing) {
        logger.warning('Second signal: ending at once, open exchanges are cut')
        process.exit(128 + constants.signals[signal])
      }
      closing = true
      gateway.close().then(
        drained => {
          if (!drained)
            logger.warning(`Exchanges were still open after max_shutdown_wait_time (${maxShutdownWaitMs}ms) and were cut`)
          finish(0)
        },
        error => {
          logger.critical('The gateway could not be closed:', stackOf(error))
          finish(1)
        }
      )
    }
    const finish = (code: number): void => {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
      process.off('uncaughtException', onUncaught).off('unhandledRejection', onUnhandled)
      resolve(code)
    }
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  })
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
