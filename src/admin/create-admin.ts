import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdminConfig } from '../config/types.js'
import type { Logger } from '../telemetry/logger.js'
import { AdminServer } from './admin-server.js'
import { addLogin } from './login.js'
import { AdminPages } from './pages.js'
import type { Phase } from './phase.js'
import { addProbes } from './probes.js'
import { sendJson, sendText } from './send.js'
import type { GatewayStatus } from './status/status.js'

/** The status page; its facts as JSON and as events. */
const PAGE_PATH = '/__sluice/'
const STATUS_PATH = '/__sluice/status.json'
const EVENTS_PATH = '/__sluice/events'
/** The compiled pipe of one endpoint: `?endpoint=GET%20/path`. */
const PIPE_PATH = '/__sluice/pipe.json'

/** What the admin port shows. */
export interface AdminSubjects {
  readonly phase: Phase
  readonly status: GatewayStatus
}

/** Creates the admin port with all that stands on it, where the configuration has one; it is not opened yet. */
export function createAdmin(
  config: AdminConfig | undefined,
  { phase, status }: AdminSubjects,
  logger: Logger
): AdminServer | undefined {
  if (config === undefined) return undefined
  const server = new AdminServer(config, error => {
    logger.error('[SERVICE: Admin]', error instanceof Error ? (error.stack ?? error.message) : error)
  })
  const pages = new AdminPages(config.token !== '')
  addProbes(server, phase)
  addLogin(server, config, pages)
  const get = { methods: ['GET'] } as const
  server.route(PAGE_PATH, { ...get, handle: (_, res) => pages.status.send(res) })
  server.route(STATUS_PATH, { ...get, handle: async (_, res) => sendJson(res, 200, await status.report()) })
  server.route(EVENTS_PATH, { ...get, handle: (req, res) => status.events.add(req, res) })
  server.route(PIPE_PATH, { ...get, handle: (req, res) => sendPipe(req, res, status) })
  // relative: a proxy may show the port below a path of its own
  for (const [path, location] of [
    ['/', '__sluice/'],
    ['/__sluice', '__sluice/']
  ] as const) {
    server.route(path, { ...get, open: true, handle: (_, res) => void res.writeHead(307, { Location: location }).end() })
  }
  return server
}

function sendPipe(req: IncomingMessage, res: ServerResponse, status: GatewayStatus): void {
  const endpoint = new URLSearchParams((req.url ?? '').split('?', 2)[1]).get('endpoint') ?? ''
  const pipe = status.pipe(endpoint)
  if (pipe === undefined) sendText(res, 404, 'No endpoint has this name: ?endpoint=GET%20/path is expected.\n')
  else sendJson(res, 200, pipe)
}
