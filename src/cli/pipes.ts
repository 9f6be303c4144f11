/** `sluice pipes`: how each endpoint was compiled. */

import { mermaidAdvice } from '../pipe/mermaid.js'
import { silentLogger } from '../telemetry/logger.js'
import { type Arguments, UsageError } from './arguments.js'
import type { LoadGateway } from './gateway-module.js'
import type { Terminal } from './terminal.js'

const FORMATS = ['json', 'mermaid', 'dot', 'html'] as const

/** Prints the pipes of a configuration and returns the exit code. */
export async function pipes(args: Arguments, terminal: Terminal, loadGateway: LoadGateway): Promise<number> {
  const file = args.configFile()
  const formats = FORMATS.filter(name => args.has(name))
  if (formats.length > 1) throw new UsageError(`one of ${FORMATS.map(name => `--${name}`).join(', ')} is expected`, 'pipes')
  try {
    const { createGateway } = await loadGateway()
    const gateway = await createGateway(file, { tolerant: args.has('tolerant'), logger: silentLogger })
    const style = { width: terminal.width, colours: terminal.hasColours }
    const text = gateway.describePipes({ ...style, ...(formats[0] === undefined ? {} : { [formats[0]]: true }) }).trimEnd()
    terminal.print(text)
    const advice = formats[0] === 'mermaid' ? mermaidAdvice(text) : undefined
    if (advice !== undefined) terminal.note(advice)
    await gateway.close()
    return 0
  } catch (error) {
    terminal.failure(error, 'checking the configuration file')
    return 1
  }
}
