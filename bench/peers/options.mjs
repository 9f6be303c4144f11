/** What is said on the command line, checked before anything starts: a wrong value is one line. */
import { parseArgs } from 'node:util'

/** A mistake of the one who typed the command. */
export class UsageError extends Error {}

/** `--help` was asked for; the message is the text. */
export class HelpAsked extends Error {}

/**
 * @typedef {object} Option
 * @property {string} default
 * @property {string} [full] the default of a run with --full
 * @property {string} [text] for --help
 * @property {'text' | 'count' | 'counts' | 'number' | 'names'} as count: whole, from 1; number: above 0; counts and names: separated by commas
 * @property {readonly string[]} [of] the names there are
 * @property {readonly string[]} [all] what an empty text stands for; without it, nothing
 */

/** What every program takes. */
const SWITCHES = {
  full: 'measure everything, as reports need it',
  write: 'write the report; without it, and without --out, results are printed only',
  help: 'print this'
}

/**
 * Reads the command line. Without `--full` options have the defaults of a run that takes less than three minutes.
 * @param {Record<string, Option>} options
 * @param {string} [about] first line of the help
 * @returns {Record<string, any>} text, number or list of names, by option; `full` and `write` are booleans
 * @throws {UsageError}
 * @throws {HelpAsked}
 */
export function readOptions(options, args = process.argv.slice(2), about = '', switches = SWITCHES) {
  const known = {}
  for (const name of Object.keys(options)) known[name] = { type: 'string' }
  for (const name of Object.keys(switches)) known[name] = { type: 'boolean', default: false }
  let values
  try {
    values = parseArgs({ args, options: known }).values
  } catch (cause) {
    throw new UsageError(`${cause.message.split('. ')[0]}; there are: ${optionNames(options, switches)}`, { cause })
  }
  if (values.help) throw new HelpAsked(helpOf(options, about, switches))
  const { help: _, ...read } = Object.fromEntries(Object.keys(switches).map(name => [name, values[name]]))
  for (const [name, option] of Object.entries(options)) {
    const fallback = values.full ? (option.full ?? option.default) : option.default
    read[name] = readValue(`--${name}`, values[name] ?? fallback, option)
  }
  return read
}

/** The options of a program without `--full`, one with `--write` when it has a report; `--help` and mistakes end it here. */
export function readSimple(options, about, { report = false } = {}) {
  const { full: _, write, help } = SWITCHES
  try {
    return readOptions(options, undefined, about, report ? { write, help } : { help })
  } catch (error) {
    tell(error)
    return process.exit()
  }
}

/** Where a report goes: `--out` when it is given, the usual place with `--write`, else '' for nowhere. */
export function reportPlace({ out, write }, usual) {
  return out !== '' ? out : write ? usual : ''
}

function helpOf(options, about, switches) {
  const rows = Object.entries(options).map(([name, { default: quick, full, text = '', of }]) => {
    const words = of === undefined ? '' : ` (${of.join(', ')})`
    const shown =
      quick === '' ? '' : ` Default ${quick}${full === undefined ? '' : `; with --full ${full === '' ? 'all' : full}`}.`
    return [`--${name} ${name.toUpperCase()}`, `${text}${words}.${shown}`]
  })
  for (const [name, text] of Object.entries(switches)) rows.push([`--${name}`, `${text}.`])
  const width = Math.max(...rows.map(([name]) => name.length))
  return `${about}\n\n${rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n')}\n`
}

const optionNames = (options, switches) => [...Object.keys(options), ...Object.keys(switches)].map(name => `--${name}`).join(', ')

function readValue(name, text, { as, of, all }) {
  if (as === 'text') return text
  if (as === 'names') {
    if (text === '') return [...(all ?? [])]
    const list = [...new Set(text.split(','))]
    const unknown = list.find(each => of !== undefined && !of.includes(each))
    if (unknown !== undefined) throw new UsageError(`${name}: '${unknown}' is not known; there are: ${of.join(', ')}`)
    return list
  }
  if (as === 'counts') return text === '' ? [] : text.split(',').map(each => readValue(name, each, { as: 'count' }))
  const number = Number(text)
  if (as === 'count' && !(Number.isSafeInteger(number) && number >= 1))
    throw new UsageError(`${name}: '${text}' must be a whole number from 1`)
  if (!(Number.isFinite(number) && number > 0)) throw new UsageError(`${name}: '${text}' must be a number above 0`)
  return number
}

/**
 * Runs a program; a {@link UsageError} ends it with one line and status 2.
 * @param {() => Promise<void>} program
 */
export async function main(program) {
  try {
    await program()
  } catch (error) {
    tell(error)
  }
}

function tell(error) {
  if (error instanceof HelpAsked) return void process.stdout.write(error.message)
  process.stderr.write(error instanceof UsageError ? `bench: ${error.message}\n` : `${error.stack}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
