import type { AdminConfig } from '../config/types.js'
import type { Logger } from '../telemetry/logger.js'
import { AdminServer } from './admin-server.js'
import type { Phase } from './phase.js'
import { addProbes } from './probes.js'

/** Creates the admin port with all that stands on it, where the configuration has one; it is not opened yet. */
export function createAdmin(config: AdminConfig | undefined, phase: Phase, logger: Logger): AdminServer | undefined {
  if (config === undefined) return undefined
  const server = new AdminServer(config, error => {
    logger.error('[SERVICE: Admin]', error instanceof Error ? (error.stack ?? error.message) : error)
  })
  addProbes(server, phase)
  return server
}
