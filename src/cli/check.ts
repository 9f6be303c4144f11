/** `sluice check`: everything that a start does short of opening the port, and what was understood on demand. */

import type { ConfigProblem } from '../errors.js'
import { silentLogger } from '../telemetry/logger.js'
import { type Arguments, UsageError } from './arguments.js'
import { describeConfig } from './describe-config.js'
import type { LoadGateway, LoadLint } from './gateway-module.js'
import type { Terminal } from './terminal.js'

const LINT_FLAGS = ['lint', 'lint-no-network', 'lint-schema']

/** Checks a configuration and returns the exit code. */
export async function check(args: Arguments, terminal: Terminal, loadGateway: LoadGateway, loadLint: LoadLint): Promise<number> {
  const file = args.configFile()
  const lintFlags = LINT_FLAGS.filter(flag => args.has(flag))
  if (lintFlags.length > 1) {
    throw new UsageError(`--${lintFlags.join(' and --')} exclude each other: give one of them`, 'check')
  }
  terminal.print(`Parsing configuration file: ${file}`)
  try {
    const { createGateway } = await loadGateway()
    // Plugins, expressions, keys and schemas are loaded too: what a start would refuse is found here.
    const gateway = await createGateway(file, { tolerant: args.has('tolerant'), logger: silentLogger })
    const { config } = gateway
    await gateway.close()
    if (config.problems.some(problem => problem.level === 'error')) terminal.note('With --tolerant the start goes on without:')
    terminal.problems(config.problems)
    const level = args.count('debug')
    if (level > 0) terminal.print(describeConfig(config, level, args.text('indent') ?? '\t').trimEnd())
    if (lintFlags.length > 0 && !passesLint(await lint(args, file, loadLint), config.problems, terminal)) return 1
  } catch (error) {
    terminal.failure(error, 'checking the configuration file')
    return 1
  }
  terminal.success('Syntax OK!')
  return 0
}

async function lint(args: Arguments, file: string, loadLint: LoadLint): Promise<readonly ConfigProblem[]> {
  const { lintConfig } = await loadLint()
  const schema = args.text('lint-schema')
  return lintConfig(file, schema === undefined ? {} : { schema })
}

function passesLint(found: readonly ConfigProblem[], warnings: readonly ConfigProblem[], terminal: Terminal): boolean {
  if (found.length === 0 && warnings.length === 0) return true
  terminal.error('ERROR linting the configuration file:')
  terminal.problems(found.length > 0 ? found : warnings)
  return false
}
