/** The command line by the table of commands: values of flags, and what is wrong with one. */

import { type ParseArgsConfig, parseArgs } from 'node:util'
import { nearest } from '../config/suggest.js'
import type { Command } from './commands.js'

/** A wrong command line; the text names what is wrong. */
export class UsageError extends Error {
  constructor(
    message: string,
    /** The command whose help is worth a look; undefined = the general one. */
    readonly command?: string
  ) {
    super(message)
  }
}

/** Values of a parsed command line: text flags, and how often each switch was given. */
export class Arguments {
  constructor(
    readonly command: Command,
    readonly operands: readonly string[],
    private readonly values: ReadonlyMap<string, string | boolean[]>
  ) {}

  text(flag: string): string | undefined {
    const value = this.values.get(flag)
    return typeof value === 'string' ? value : undefined
  }

  count(flag: string): number {
    const value = this.values.get(flag)
    return Array.isArray(value) ? value.length : 0
  }

  has(flag: string): boolean {
    return this.values.has(flag)
  }

  /** The configuration file. @throws UsageError when it is not named */
  configFile(): string {
    const file = this.text('config')
    if (file !== undefined && file !== '') return file
    const hint = 'Please, provide the path to the configuration file with --config or see all the options with --help'
    throw new UsageError(hint, this.command.name)
  }

  /** @throws UsageError when it is no port number */
  port(): number | undefined {
    const text = this.text('port')
    if (text === undefined) return undefined
    const port = Number(text)
    if (!/^\d{1,5}$/.test(text) || port > 65_535) {
      throw new UsageError(`invalid port ${JSON.stringify(text)}: a number from 0 to 65535 is expected`, this.command.name)
    }
    return port
  }
}

/** Parses what follows the command's name. @throws UsageError */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const [name, flag] of Object.entries(command.flags)) {
    const short = flag.short === undefined ? {} : { short: flag.short }
    options[name] = flag.value === undefined ? { type: 'boolean', multiple: true, ...short } : { type: 'string', ...short }
  }
  try {
    const allowPositionals = command.operands !== undefined
    const args = withoutEquals(command, argv)
    const { values, positionals } = parseArgs({ args, options, allowPositionals, strict: true })
    return new Arguments(command, positionals, new Map(Object.entries(values) as [string, string | boolean[]][]))
  } catch (error) {
    throw new UsageError(explain(command, error as Error), command.name)
  }
}

/** KrakenD takes `-c=FILE` for `-c FILE`; Node's parser would take the sign as a part of the value. */
function withoutEquals(command: Command, argv: readonly string[]): string[] {
  const taking = Object.values(command.flags).flatMap(({ short, value }) => (value === undefined ? [] : (short ?? [])))
  const end = argv.indexOf('--')
  return argv.map((argument, i) => {
    const letter = end !== -1 && i > end ? undefined : /^-[a-z]*([a-z])=/i.exec(argument)?.[1]
    return letter !== undefined && taking.includes(letter) ? argument.replace('=', '') : argument
  })
}

/** Keeps the first sentence of Node's parser, which says what is wrong, and adds what was probably meant. */
function explain(command: Command, error: Error): string {
  const wrong = error.message.split(/\.\s|\n/)[0]!.replace(/\.$/, '')
  const option = /^Unknown option '--?([^'=]+)/.exec(wrong)?.[1]
  if (option !== undefined) {
    const names = Object.keys(command.flags).map(name => `--${name}`)
    return wrong + suggestion(`--${option}`, names)
  }
  const argument = /^Unexpected argument '([^']+)'/.exec(wrong)?.[1]
  return argument === undefined || !('config' in command.flags) ? wrong : `${wrong}, did you mean "--config ${argument}"?`
}

/** Returns which of the names was probably meant, as the end of a message; '' when none is near. */
export function suggestion(word: string, names: readonly string[]): string {
  if (word === '') return ''
  const meant = names.find(name => name.startsWith(word)) ?? nearest(word, names) ?? names.find(name => word.startsWith(name))
  return meant === undefined ? '' : `, did you mean "${meant}"?`
}
