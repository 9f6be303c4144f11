/** `--resume FILE`: the figures of each case are kept there, so a long report can be measured in several runs of the same command. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { machine } from './machine.mjs'
import { UsageError } from './options.mjs'

export const RESUME = {
  as: 'text',
  default: '',
  text: 'a file that keeps the figures of each case: the same command goes on from there'
}

/** What figures of one report have in common. */
const conditionsOf = ({ rounds, seconds, warmup, starts = 1, passing, milliseconds }) => ({
  machine: machine(),
  ...JSON.parse(JSON.stringify({ rounds, seconds, warmup, starts, passing, milliseconds }))
})

export class Figures {
  #file
  #conditions
  #byId

  /**
   * @param {{ resume: string }} options all that the program was given; '' for no file
   * @throws {UsageError} when the file has figures that were measured in another way
   */
  constructor(options) {
    this.#file = options.resume
    this.#conditions = conditionsOf(options)
    const kept = this.#file !== '' && existsSync(this.#file) ? readFigures(this.#file) : undefined
    if (kept !== undefined && !isDeepStrictEqual(kept.conditions, this.#conditions))
      throw new UsageError(`--resume: ${this.#file} was measured with ${JSON.stringify(kept.conditions)}; name another file`)
    this.#byId = new Map(Object.entries(kept?.figures ?? {}))
  }

  /** Whether a case has been measured by an earlier run. */
  has(id) {
    return this.#byId.has(id)
  }

  /**
   * Returns the figures of a case: those of an earlier run, else what `measure` finds.
   * @template T
   * @param {string} id
   * @param {() => Promise<T>} measure
   * @returns {Promise<T>}
   */
  async of(id, measure) {
    if (!this.#byId.has(id)) {
      this.#byId.set(id, await measure())
      this.#write()
    }
    return this.#byId.get(id)
  }

  #write() {
    if (this.#file === '') return
    const text = JSON.stringify({ conditions: this.#conditions, figures: Object.fromEntries(this.#byId) })
    // a run that is ended meanwhile leaves the old file
    writeFileSync(`${this.#file}.new`, text)
    renameSync(`${this.#file}.new`, this.#file)
  }
}

function readFigures(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new UsageError(`--resume: ${file} holds no figures: ${cause.message}`, { cause })
  }
}
