/** `sluice run` and `sluice demo`: start, serve until a signal comes, stop in an orderly way. */

import cluster from 'node:cluster'
import { silentLogger } from '../telemetry/logger.js'
import type { Arguments } from './arguments.js'
import type { LoadGateway, RunDemo, RunnableGateway } from './gateway-module.js'
import { supervise } from './supervise.js'
import type { Terminal } from './terminal.js'

/** Serves a configuration; settles with the exit code when a signal ended it, or when it could not start. */
export async function run(args: Arguments, terminal: Terminal, loadGateway: LoadGateway): Promise<number> {
  const file = args.configFile()
  const port = args.port()
  const workers = args.text('workers')
  if (workers !== undefined && cluster.isPrimary) return manyProcesses(args, terminal, loadGateway, workers)
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

/** Checks the configuration once, then leaves the serving to workers. */
async function manyProcesses(args: Arguments, terminal: Terminal, loadGateway: LoadGateway, workers: string): Promise<number> {
  const { runWorkers, workerCount } = await import('./workers.js')
  const count = workerCount(workers)
  try {
    const { createGateway } = await loadGateway()
    const tried = await createGateway(args.configFile(), { tolerant: args.has('tolerant'), logger: silentLogger })
    await tried.close()
    return await runWorkers(count, tried.config)
  } catch (error) {
    terminal.failure(error, 'starting the gateway')
    return 1
  }
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
