import type { Logger } from '../../telemetry/logger.js'
import { watchFiles } from '../watch.js'
import { openControl } from './control-server.js'
import type { ReloadRequests } from './reload-requests.js'

/** What is reloaded. */
export interface Reloadable {
  /** Files and folders of the configuration; asked at each look. */
  readonly files: () => readonly string[]
  /** The one in force at each time. */
  readonly logger: () => Logger
  /** True with `--watch`. */
  readonly watches: boolean
}

/** Opens the ways, beside signals, by which a running command is asked to reload; returns how to close them. */
export async function openReloads(reloadable: Reloadable, requests: ReloadRequests): Promise<() => void> {
  const ends = reloadable.watches ? [await watchFiles(reloadable, requests)] : []
  try {
    ends.push(await openControl(requests))
  } catch (error) {
    // a read-only file system, a folder of another user: the gateway serves all the same
    reloadable
      .logger()
      .info(`[SERVICE: Reload] \`sluice reload\` cannot find this gateway, SIGHUP can: ${(error as Error).message}`)
  }
  return () => {
    for (const end of ends) end()
  }
}
