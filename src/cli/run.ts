/** `sluice run` and `sluice demo`: start, serve until a signal comes, stop in an orderly way. */

import cluster from 'node:cluster'
import { SLUICE_VERSION } from '../identity.js'
import { silentLogger } from '../telemetry/logger.js'
import { type Arguments, UsageError } from './arguments.js'
import { CalmLog, calmScreen, type ScreenFacts } from './calm-screen.js'
import { openReloads } from './control/open-reloads.js'
import { ServiceManager } from './control/service-manager.js'
import { StopRequests } from './control/stop-requests.js'
import type { LoadGateway, RunDemo, RunnableGateway } from './gateway-module.js'
import { spareTheProcessor } from './one-processor.js'
import { supervise } from './supervise.js'
import type { Terminal } from './terminal.js'
import { workerCount } from './workers/worker-count.js'

/** Serves a configuration; settles with the exit code when a signal ended it, or when it could not start. */
export async function run(args: Arguments, terminal: Terminal, loadGateway: LoadGateway): Promise<number> {
  const file = args.configFile()
  if (file === '-') throw new UsageError('a reload reads the configuration again: give a file, not the standard input', 'run')
  const port = args.port()
  const settings = {
    tolerant: args.has('tolerant'),
    debug: args.has('debug'),
    ...(port === undefined ? {} : { port })
  }
  const workers = args.text('workers')
  const manager = workers === undefined || cluster.isWorker ? undefined : await import('./workers/workers.js')
  const count = workers === undefined ? undefined : workerCount(workers)
  spareTheProcessor()
  const requests = new StopRequests()
  const calm = terminal.isTerminal && !args.has('verbose') && !args.has('plain') ? new CalmLog() : undefined
  if (cluster.isPrimary && calm === undefined) terminal.note(`Parsing configuration file: ${file}`)
  return start(terminal, 'the gateway', requests, async () => {
    const { createGateway } = await loadGateway()
    const filter = calm === undefined ? {} : { logFilter: calm.takes }
    const watches = args.has('watch')
    const service = cluster.isPrimary ? ServiceManager.from(process.env, process.pid) : undefined
    if (manager === undefined) {
      const gateway = await createGateway(file, { ...settings, ...filter, logOutput: process.stdout })
      const bound = await listening(gateway, requests)
      if (calm !== undefined) showScreen(calm, terminal, { config: gateway.config, ...bound, workers: 0 })
      service?.ready(`port ${bound.port}, ${gateway.config.endpoints.length} endpoint(s)`)
      return serving(gateway, requests, { watches, service })
    }
    const { config, files } = await tried(createGateway(file, { ...settings, logger: silentLogger }))
    if (calm !== undefined) showScreen(calm, terminal, { config, port: config.port, admin: config.admin, workers: count! })
    return manager.runWorkers({ count: count!, config, files, watches, service, logFilter: calm?.takes }, requests)
  })
}

/** Serves the demonstration until a signal comes. */
export async function demo(args: Arguments, terminal: Terminal, load: () => Promise<{ runDemo: RunDemo }>): Promise<number> {
  const port = args.port()
  const requests = new StopRequests()
  return start(terminal, 'the demonstration', requests, async () => {
    const { runDemo } = await load()
    return supervise(await runDemo(port === undefined ? {} : { port }), requests)
  })
}

/** Runs what serves; prints why it did not start, and returns 1 then. */
async function start(terminal: Terminal, what: string, requests: StopRequests, serve: () => Promise<number>): Promise<number> {
  try {
    return await serve()
  } catch (error) {
    terminal.failure(error, `starting ${what}`)
    const advice = LISTEN_ADVICE[listenCode(error) ?? '']
    if (advice !== undefined) terminal.note(advice)
    return 1
  } finally {
    requests.end()
  }
}

/** What to do where a port cannot be opened, by the code of `node:net`. */
const LISTEN_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Listen on another port with --port PORT.',
  EACCES: 'Listen on another port with --port PORT, or give the process the capability CAP_NET_BIND_SERVICE.'
}

/** Returns the code of `node:net` where a port could not be opened: the listener's error has that of `node:net` for its cause. */
function listenCode(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const { code, port, syscall } = (cause ?? {}) as NodeJS.ErrnoException & { port?: number }
  return port !== undefined || syscall === 'listen' ? code : undefined
}

/** What is known when it serves. */
type ServingFacts = Pick<ScreenFacts, 'config' | 'port' | 'workers'> & Partial<Pick<ScreenFacts, 'admin'>>

/** Opens the port, or closes the gateway. */
async function listening(
  gateway: RunnableGateway,
  requests: StopRequests
): Promise<Awaited<ReturnType<RunnableGateway['listen']>>> {
  try {
    const bound = await gateway.listen()
    requests.serves()
    return bound
  } catch (error) {
    await gateway.close().catch(() => {})
    throw error
  }
}

/** Serves until a signal comes. */
async function serving(
  gateway: RunnableGateway,
  requests: StopRequests,
  { watches, service }: { watches: boolean; service: ServiceManager | undefined }
): Promise<number> {
  // workers are reloaded by their primary
  const logger = (): RunnableGateway['logger'] => gateway.logger
  const close = cluster.isPrimary
    ? await openReloads({ files: () => gateway.files, logger, watches }, requests.reloads)
    : () => {}
  try {
    return await supervise(gateway, requests, () => service?.stopping())
  } finally {
    close()
  }
}

/** Workers show none: their primary does. */
function showScreen(calm: CalmLog, terminal: Terminal, facts: ServingFacts): void {
  calm.serving = true
  if (cluster.isWorker) return
  const { width, hasColours: colours } = terminal
  terminal.print(calmScreen({ admin: undefined, ...facts, version: SLUICE_VERSION, colours, width }))
}

/** Checks the configuration once, with all that it composes; the workers do so again. */
async function tried(composing: Promise<RunnableGateway>): Promise<RunnableGateway> {
  const gateway = await composing
  await gateway.close()
  return gateway
}
