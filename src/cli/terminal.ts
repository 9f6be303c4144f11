/** What commands print: results, errors, lists of problems; coloured where the reader wants colours. */

import type { Writable } from 'node:stream'
import { ConfigError, type ConfigProblem, isShortened, listProblems } from '../errors.js'
import { type LogOutput, outputTo, wantsColours } from '../telemetry/log-output.js'

export class Terminal {
  readonly #out: LogOutput
  readonly #err: LogOutput
  readonly #outColours: boolean
  readonly #errColours: boolean
  readonly #stream: NodeJS.WriteStream
  readonly #env: NodeJS.ProcessEnv
  readonly #errStream: NodeJS.WriteStream
  /** A line of {@link status} is shown. */
  #hasStatus = false
  /** Lists of problems name every place. */
  showsAll = false
  /** Results were written, whose loss is a failure. */
  #hasResults = false

  constructor(out: Writable = process.stdout, err: Writable = process.stderr, env: NodeJS.ProcessEnv = process.env) {
    this.#stream = out as NodeJS.WriteStream
    this.#env = env
    this.#errStream = err as NodeJS.WriteStream
    this.#out = outputTo(out)
    this.#err = outputTo(err)
    this.#outColours = wantsColours(out as NodeJS.WriteStream, env)
    this.#errColours = wantsColours(err as NodeJS.WriteStream, env)
  }

  /** The reader of the standard output wants colours. */
  get hasColours(): boolean {
    return this.#outColours
  }

  /** The standard output is a terminal. */
  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** Columns of the standard output: what `COLUMNS` says, else those of the terminal. Undefined = no limit. */
  get width(): number | undefined {
    const wanted = Number(this.#env.COLUMNS)
    if (Number.isSafeInteger(wanted) && wanted > 0) return wanted
    return this.isTerminal && this.#stream.columns > 0 ? this.#stream.columns : undefined
  }

  /** A result, on the standard output. */
  print(text: string): void {
    this.write(`${text}\n`)
  }

  /** A result as it is, without a line feed of the terminal's own. */
  write(text: string): void {
    this.#hasResults = true
    this.status('')
    this.#out.write(text)
  }

  success(text: string): void {
    this.print(this.#outColours ? `\x1b[32m${text}\x1b[0m` : text)
  }

  /** On the standard error output. */
  note(text: string): void {
    this.status('')
    this.#err.write(`${text}\n`)
  }

  error(text: string): void {
    this.note(this.#errColours ? `\x1b[31m${text}\x1b[0m` : text)
  }

  /** One entry per cause, errors before warnings: errors red, warnings yellow. Of very many places the first ones, unless {@link showsAll}. @param command lists them all with `--all` */
  problems(problems: readonly ConfigProblem[], command = 'sluice check'): void {
    for (const { level, text: entry } of listProblems(problems, this.showsAll)) {
      const text = level === 'warning' ? `WARNING ${entry}` : entry
      if (level === 'error') this.error(text)
      else this.note(this.#errColours ? `\x1b[33m${text}\x1b[0m` : text)
    }
    if (!this.showsAll && isShortened(problems)) this.note(`--all lists every place: \`${command} --all\``)
  }

  /** A failure of a command: the list of problems of a configuration, or one line that says while `doing` what. */
  failure(error: unknown, doing: string): void {
    if (error instanceof ConfigError && error.problems.length > 0) {
      this.error('ERROR parsing the configuration file:')
      this.problems(error.problems)
    } else this.error(`ERROR ${doing}: ${reasonOf(error)}`)
  }

  /** The reader of the standard error output may be shown a line that rewrites itself. */
  get showsProgress(): boolean {
    return this.#errStream.isTTY === true && this.#env.TERM !== 'dumb'
  }

  /** Shows a line that the next output takes away, at once; '' takes it away. Only where {@link showsProgress}. */
  status(text: string): void {
    if (text === '' && !this.#hasStatus) return
    this.#hasStatus = text !== ''
    const width = this.#errStream.columns > 0 ? this.#errStream.columns : 80
    this.#errStream.write(`\r\x1b[K${text.slice(0, width - 1)}`)
  }

  /** Why results could not be written; undefined when all is well. Known after {@link drained}. A reader that went away is none. */
  get lostResults(): Error | undefined {
    return this.#hasResults ? this.#out.failure : undefined
  }

  /** Waits until everything is out; a reader who does not read is not waited for longer than `patienceMs`. */
  async drained(patienceMs = 2000): Promise<void> {
    await Promise.all([this.#out.drained(patienceMs), this.#err.drained(patienceMs)])
  }
}

/** One line that says why; what is not an expected failure shows where it comes from. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const errno = error as NodeJS.ErrnoException & { port?: number; address?: string }
  const cause = error.cause instanceof Error ? reasonOf(error.cause) : undefined
  if (errno.code === 'EADDRINUSE') return `the port ${errno.port ?? ''} is in use`
  if (errno.code === 'EACCES' && errno.port !== undefined) return `the port ${errno.port} needs more rights than this process has`
  if (errno.code === 'EMFILE' || errno.code === 'ENFILE')
    return `too many open files: raise the limit of this process, such as \`ulimit -n 4096\` (${error.message})`
  if (errno.syscall === 'uv_cwd') return 'the working folder does not exist any more: start in another one'
  if (errno.code === undefined) return error.stack ?? error.message
  // `listen tcp :80: bind: …` says it all
  if (error.message.includes(': bind: ')) return error.message
  return cause === undefined || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`
}
