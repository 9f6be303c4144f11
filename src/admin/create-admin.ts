import type { AdminConfig } from '../config/types.js'
import type { Logger } from '../telemetry/logger.js'
import { AdminServer } from './admin-server.js'
import { addLogin } from './login.js'
import { AdminPages } from './pages.js'
import type { Phase } from './phase.js'
import { addProbes } from './probes.js'
import { sendJson } from './send.js'
import type { GatewayStatus } from './status/status.js'

/** The status page; its facts as JSON and as events. */
const PAGE_PATH = '/__sluice/'
const STATUS_PATH = '/__sluice/status.json'
const EVENTS_PATH = '/__sluice/events'

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
  for (const path of ['/', '/__sluice']) {
    server.route(path, { ...get, handle: (_, res) => void res.writeHead(307, { Location: PAGE_PATH }).end() })
  }
  return server
}
