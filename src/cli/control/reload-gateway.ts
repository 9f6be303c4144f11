import { ConfigError, listFaults, messageOf } from '../../errors.js'
import { staleCode } from '../../plugin/load/code-prints.js'
import type { RunnableGateway } from '../gateway-module.js'
import type { ReloadOutcome, ReloadRequest } from './reload-requests.js'

const CAUSES = { SIGHUP: 'SIGHUP', watch: 'changed files', command: 'sluice reload' } as const

/** Reloads a gateway of this process; the gateway logs how it ended. */
export async function reloadGateway(gateway: RunnableGateway, { cause }: Pick<ReloadRequest, 'cause'>): Promise<ReloadOutcome> {
  gateway.logger.info(`[SERVICE: Reload] Asked for by ${CAUSES[cause]}`)
  try {
    const { summary, staleCode: stale } = await gateway.reload()
    return { ok: true, lines: [summary, ...stale.map(staleLine)], staleCode: stale, files: gateway.files }
  } catch (error) {
    const stale = await staleCode()
    return { ok: false, lines: [...faultsOf(error), ...stale.map(staleLine)], staleCode: stale, files: gateway.files }
  }
}

function faultsOf(error: unknown): string[] {
  if (!(error instanceof ConfigError)) return [messageOf(error)]
  return listFaults(error.problems)
}

/** Says what to do about code that cannot be loaded again. */
function staleLine(file: string): string {
  return `${file}: its code has changed, and a process loads code once: restart, or serve with --workers`
}
