/** `sluice render`: what a template of flexible configuration writes. */

import { renderFlexible } from '../config/source/flexible.js'
import { namedFolders } from '../config/source/flexible-folders.js'
import type { Arguments } from './arguments.js'
import type { Terminal } from './terminal.js'

/** Renders a template, also without `FC_ENABLE`, and returns the exit code. `FC_OUT` is left alone: `--out` names the file. */
export async function render(args: Arguments, terminal: Terminal, env: NodeJS.ProcessEnv): Promise<number> {
  const file = args.configFile()
  const out = args.text('out')
  try {
    const { text, warnings } = await renderFlexible(file, { ...namedFolders(env), out }, env)
    terminal.problems(warnings)
    if (out === undefined) terminal.write(text)
    return 0
  } catch (error) {
    terminal.failure(error, 'rendering the template')
    return 1
  }
}
