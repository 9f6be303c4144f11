/** `sluice pipes`: how each endpoint was compiled. */

import { silentLogger } from '../telemetry/logger.js'
import { type Arguments, UsageError } from './arguments.js'
import type { LoadGateway } from './gateway-module.js'
import type { Terminal } from './terminal.js'

/** Prints the pipes of a configuration and returns the exit code. */
export async function pipes(args: Arguments, terminal: Terminal, loadGateway: LoadGateway): Promise<number> {
  const file = args.configFile()
  if (args.has('json') && args.has('mermaid')) throw new UsageError('one of --json and --mermaid is expected', 'pipes')
  try {
    const { createGateway } = await loadGateway()
    const gateway = await createGateway(file, { tolerant: args.has('tolerant'), logger: silentLogger })
    terminal.print(gateway.describePipes({ json: args.has('json'), mermaid: args.has('mermaid') }).trimEnd())
    await gateway.close()
    return 0
  } catch (error) {
    terminal.failure(error, 'checking the configuration file')
    return 1
  }
}
