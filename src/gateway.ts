import { Phase } from './admin/phase.js'
import { GatewayStatus } from './admin/status/status.js'
import { PoolTotals } from './client/pool.js'
import type { ConfigInput } from './config/input.js'
import { CORE_NAMESPACES } from './config/namespaces.js'
import { requireCodeGeneration } from './generation/code-generation.js'
import { composeGeneration } from './generation/compose.js'
import type { GatewayOptions } from './generation/gateway-options.js'
import { findComponents } from './plugin/load/shipped.js'
import { KeptState } from './plugin/run/kept-state.js'
import { workerTopics } from './plugin/run/worker-topics.js'
import { type Gateway, RunningGateway } from './running-gateway.js'
import { GatewayRecord } from './telemetry/gateway-state.js'

/**
 * Builds a gateway from a configuration file, or from an object in KrakenD's form ({@link ConfigInput}), which is copied. Plugins
 * are loaded and awaited; no port is opened.
 * @throws ConfigError with all problems at once
 */
export async function createGateway(config: string | ConfigInput, options: GatewayOptions = {}): Promise<Gateway> {
  requireCodeGeneration()
  const state = new GatewayRecord()
  const phase = new Phase()
  const status = new GatewayStatus(phase, state, workerTopics())
  const shared = {
    options,
    admin: { phase, status },
    components: await findComponents(options.components ?? [], CORE_NAMESPACES),
    env: options.env ?? process.env,
    kept: new KeptState(),
    totals: new PoolTotals(),
    state
  }
  const first = await composeGeneration(config, shared, { reload: false, signal: new AbortController().signal }).catch(error => {
    status.close()
    throw error
  })
  const compose = (input: string | ConfigInput, signal: AbortSignal) => composeGeneration(input, shared, { reload: true, signal })
  return new RunningGateway(first, { input: config, compose, state, phase, status })
}
