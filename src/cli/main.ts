/** From arguments to an exit code; commands are imported when they are called. */

import { COMPATIBILITY_VERSION, SLUICE_VERSION } from '../identity.js'
import { type Arguments, parseArguments, suggestion, UsageError } from './arguments.js'
import { COMMANDS, findCommand } from './commands.js'
import type { LoadGateway, LoadLint, RunDemo } from './gateway-module.js'
import { helpText } from './help-text.js'
import { Terminal } from './terminal.js'

/** Where a command line acts; the defaults are this process and this package. */
export interface Surroundings {
  readonly terminal?: Terminal
  readonly loadGateway?: LoadGateway
  readonly loadLint?: LoadLint
  readonly loadDemo?: () => Promise<{ runDemo: RunDemo }>
}

/** Runs one command line and returns the exit code. */
export async function main(argv: readonly string[], surroundings: Surroundings = {}): Promise<number> {
  const terminal = surroundings.terminal ?? new Terminal()
  const code = await dispatch(argv, terminal, surroundings)
    .catch(error => {
      if (!(error instanceof UsageError)) throw error
      terminal.error(`Error: ${error.message}`)
      terminal.note(`Run 'sluice ${error.command === undefined ? '' : `${error.command} `}--help' for usage.`)
      return 2
    })
    .finally(() => terminal.drained())
  if (terminal.lostResults === undefined) return code
  terminal.error(`ERROR writing the results: ${terminal.lostResults.message}`)
  await terminal.drained()
  return code || 1
}

async function dispatch(argv: readonly string[], terminal: Terminal, surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '-h' || name === '--help') {
    terminal.print(helpText(undefined, terminal.width).trimEnd())
    return 0
  }
  const command = findCommand(name === '-v' || name === '--version' ? 'version' : name)
  if (command === undefined) throw new UsageError(unknownCommand(name))
  const args = parseArguments(command, rest)
  terminal.showsAll = args.has('all')
  if (args.has('help')) {
    terminal.print(helpText(command, terminal.width).trimEnd())
    return 0
  }
  const loadGateway = surroundings.loadGateway ?? (() => withSourceMaps(import('../index.js')))
  switch (command.name) {
    case 'run':
      return (await import('./run.js')).run(args, terminal, loadGateway)
    case 'reload':
      return (await import('./reload.js')).reload(args, terminal)
    case 'check':
      return (await import('./check.js')).check(
        args,
        terminal,
        loadGateway,
        surroundings.loadLint ?? (() => import('../config/lint.js'))
      )
    case 'audit':
      return (await import('./audit.js')).audit(args, terminal)
    case 'pipes':
      return (await import('./pipes.js')).pipes(args, terminal, loadGateway)
    case 'lua':
      return (await import('./lua.js')).lua(args, terminal)
    case 'render':
      return (await import('./render.js')).render(args, terminal, process.env)
    case 'openapi':
      return (await import('./openapi.js')).openapi(args, terminal)
    case 'migrate':
      return (await import('./migrate.js')).migrate(args, terminal)
    case 'demo': {
      const loadDemo = surroundings.loadDemo ?? (() => withSourceMaps(import('../demo.js')))
      return (await import('./run.js')).demo(args, terminal, loadDemo)
    }
    case 'plugin':
      return (await withSourceMaps(import('./plugins.js'))).pluginCommand(args, terminal)
    case 'test-plugin':
      return (await withSourceMaps(import('./plugins.js'))).testPlugins(args, terminal)
    case 'check-plugin':
      return (await withSourceMaps(import('./plugins.js'))).checkPlugins(args, terminal)
    case 'completion':
      return (await import('./completion.js')).completion(args, terminal)
    case 'version':
      terminal.print(`Sluice Version: ${SLUICE_VERSION}`)
      terminal.print(`KrakenD Compatibility: ${COMPATIBILITY_VERSION}`)
      terminal.print(`Node Version: ${process.version}`)
      return 0
    default:
      if (!args.has('man')) return help(args, terminal)
      terminal.write((await import('./man.js')).manPage())
      return 0
  }
}

/**
 * From here on errors name the lines of the sources of what is loaded: of plugins. Node reads the source map of each module it loads, and
 * the gateway's own are hundreds.
 */
async function withSourceMaps<T>(loading: Promise<T>): Promise<T> {
  const loaded = await loading
  process.setSourceMapsEnabled(true)
  return loaded
}

function help(args: Arguments, terminal: Terminal): number {
  const [topic, ...rest] = args.operands
  if (rest.length > 0) throw new UsageError(`help for one command is expected, not for ${args.operands.join(', ')}`, 'help')
  const command = topic === undefined ? undefined : findCommand(topic)
  if (topic !== undefined && command === undefined) throw new UsageError(unknownCommand(topic))
  terminal.print(helpText(command, terminal.width).trimEnd())
  return 0
}

function unknownCommand(name: string): string {
  if (name.startsWith('-')) return `the command comes first: sluice <command> ${name}`
  const names = COMMANDS.flatMap(command => [command.name, ...(command.alias === undefined ? [] : [command.alias])])
  return `unknown command ${JSON.stringify(name)} for "sluice"${suggestion(name, names)}`
}
