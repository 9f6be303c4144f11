/** What is said on the command line, checked before anything starts: a wrong value is one line. */
import { parseArgs } from 'node:util'

/** A mistake of the one who typed the command. */
export class UsageError extends Error {}

/**
 * @typedef {object} Option
 * @property {string} default
 * @property {'text' | 'count' | 'counts' | 'number' | 'names'} as count: whole, from 1; number: above 0; counts and names: separated by commas
 * @property {readonly string[]} [of] the names there are
 * @property {readonly string[]} [all] what an empty text stands for; without it, nothing
 */

/**
 * Reads the command line.
 * @param {Record<string, Option>} options
 * @returns {Record<string, any>} text, number or list of names, by option
 * @throws {UsageError}
 */
export function readOptions(options, args = process.argv.slice(2)) {
  const known = {}
  for (const name of Object.keys(options)) known[name] = { type: 'string', default: options[name].default }
  let values
  try {
    values = parseArgs({ args, options: known }).values
  } catch (cause) {
    throw new UsageError(`${cause.message.split('. ')[0]}; there are: ${optionNames(options)}`, { cause })
  }
  const read = {}
  for (const [name, option] of Object.entries(options)) read[name] = readValue(`--${name}`, values[name], option)
  return read
}

const optionNames = options =>
  Object.keys(options)
    .map(name => `--${name}`)
    .join(', ')

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
    process.stderr.write(error instanceof UsageError ? `bench: ${error.message}\n` : `${error.stack}\n`)
    process.exitCode = error instanceof UsageError ? 2 : 1
  }
}
