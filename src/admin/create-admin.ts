import type { AdminConfig } from '../config/types.js'
import type { Logger } from '../telemetry/logger.js'
import { AdminServer } from './admin-server.js'
import type { Phase } from './phase.js'
import { addProbes } from './probes.js'
import { sendJson } from './send.js'
import type { GatewayStatus } from './status/status.js'

/** The status as JSON. */
const STATUS_PATH = '/__sluice/status.json'

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
  addProbes(server, phase)
  server.route(STATUS_PATH, { methods: ['GET'], handle: (_, res) => sendJson(res, 200, status.report()) })
  return server
}
