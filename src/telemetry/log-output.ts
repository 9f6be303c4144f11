/**
 * Where log lines go: text is gathered and handed to the stream once per turn of the event loop.
 *
 * At most one chunk is with the stream at a time; the rest waits here, up to a limit. Then lines are dropped and counted: a
 * reader that stopped costs bounded memory, never the gateway's time. A broken pipe silences the output. A full disk costs the lines
 * that it has no room for, until it has room again. When the process ends for whatever reason, what is left is written synchronously.
 */

import { writeSync } from 'node:fs'
import type { Writable } from 'node:stream'

/** Characters that may wait for a reader; more is dropped. */
const MAX_WAITING = 4 * 1024 * 1024
/** How long the end of the process may be held up by a reader that is slow, ms. */
const EXIT_PATIENCE_MS = 250
/** How long a reader that is slow is waited for at the end of a gateway, ms. */
const DRAIN_PATIENCE_MS = 2000
/** A file that takes nothing now may do so later. */
const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'])

/** A destination of whole lines. */
export interface LogOutput {
  /** Takes text that ends in a line feed. Cheap; never throws, never blocks. */
  write(lines: string): void
  /**
   * Settles when everything taken so far is with the operating system, or cannot get there any more.
   * @param patienceMs how long a reader that has stopped is waited for; by default 2 s
   */
  drained(patienceMs?: number): Promise<void>
  /** Lines dropped because their reader had stopped, or a disk was full, since the start. */
  readonly dropped: number
  /** Called when lines begin to get lost because nothing can be written. */
  onFailure: ((error: Error) => void) | undefined
  /** The reader wants colours. */
  readonly colours: boolean
  /** Why something could not be written: a full disk. A reader that went away is no failure. */
  readonly failure: Error | undefined
}

/**
 * Returns true when text for a stream is coloured: on a terminal that can, or where `FORCE_COLOR` asks for it on a standard output;
 * never with `NO_COLOR` (no-color.org).
 */
export function wantsColours(stream: { readonly fd?: number; readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if ((env.NO_COLOR ?? '') !== '') return false
  const forced = env.FORCE_COLOR
  if (forced !== undefined && (stream.fd === 1 || stream.fd === 2)) return forced !== '0' && forced !== 'false'
  return stream.isTTY === true && env.TERM !== 'dumb'
}

class StreamOutput implements LogOutput {
  readonly colours: boolean
  failure: Error | undefined
  onFailure: ((error: Error) => void) | undefined
  dropped = 0
  readonly #stream: Writable & { fd?: number }
  #waiting = ''
  #unreported = 0
  #lostBy = 'the output was not read'
  /** The file that the stream wrote to until it failed: from then on it is written without it. */
  #file: number | undefined
  #endsInLine = false
  /** What the stream has; its lines are counted when it fails. */
  #chunkInFlight = ''
  #flushQueued = false
  #inFlight = false
  #broken = false
  #whenDrained: (() => void)[] = []

  constructor(stream: Writable & { fd?: number; isTTY?: boolean }) {
    this.#stream = stream
    this.colours = wantsColours(stream, process.env)
    // EPIPE and whatever else ends the destination: nothing can be written any more.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (FULL.has(error.code) && typeof stream.fd === 'number') return this.#writeItself(stream.fd, error)
      if (error.code !== 'EPIPE') this.failure ??= error
      this.#break()
    })
    stream.on('close', () => this.#file === undefined && this.#break())
    this.#broken = stream.destroyed
  }

  write(lines: string): void {
    if (this.#broken) return
    if (this.#waiting.length > MAX_WAITING) {
      this.dropped++
      this.#unreported++
      return
    }
    this.#waiting += lines
    if (this.#flushQueued || this.#inFlight) return
    this.#flushQueued = true
    unflushed.add(this)
    setImmediate(this.#flush)
  }

  drained(patienceMs = DRAIN_PATIENCE_MS): Promise<void> {
    if (this.#broken || (this.#waiting === '' && !this.#inFlight)) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(resolve, patienceMs)
      this.#whenDrained.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  readonly #flush = (): void => {
    this.#flushQueued = false
    if (this.#inFlight || this.#broken || this.#waiting === '') return
    if (this.#file !== undefined) {
      this.#writeFile(this.#file)
      return
    }
    const chunk = this.#takeWaiting()
    this.#inFlight = true
    this.#chunkInFlight = chunk
    this.#stream.write(chunk, this.#written)
  }

  readonly #written = (error?: Error | null): void => {
    // the event `error` follows and says what becomes of it
    if (error) return
    this.#inFlight = false
    this.#chunkInFlight = ''
    if (this.#broken) return
    if (this.#waiting !== '') {
      this.#flush()
      return
    }
    unflushed.delete(this)
    this.#settle()
  }

  #takeWaiting(): string {
    let chunk = this.#waiting
    this.#waiting = ''
    if (this.#unreported > 0) {
      chunk += `${this.#unreported} log lines were dropped: ${this.#lostBy}\n`
      this.#unreported = 0
    }
    return chunk
  }

  /** The stream takes nothing more after its first failure. */
  #writeItself(file: number, error: Error): void {
    this.#file = file
    this.#inFlight = false
    // how much of it was written is not known
    this.#endsInLine = true
    this.#lose(linesOf(this.#chunkInFlight), error)
    this.#chunkInFlight = ''
    this.#settle()
  }

  #writeFile(file: number): void {
    const unreported = this.#unreported
    const chunk = this.#takeWaiting()
    const bytes = Buffer.from(this.#endsInLine ? `\n${chunk}` : chunk)
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(file, bytes, written)
      this.#endsInLine = false
      this.#lostBy = 'the output was not read'
    } catch (error) {
      if (written > 0) this.#endsInLine = true
      this.#unreported = unreported
      this.#lose(linesOf(chunk) - Math.min(1, unreported), error as Error)
    }
    unflushed.delete(this)
    this.#settle()
  }

  #lose(lines: number, error: Error): void {
    this.failure ??= error
    this.dropped += lines
    this.#unreported += lines
    if (this.#lostBy === error.message) return
    this.#lostBy = error.message
    this.onFailure?.(error)
  }

  #break(): void {
    this.#broken = true
    this.#waiting = ''
    unflushed.delete(this)
    this.#settle()
  }

  #settle(): void {
    const waiting = this.#whenDrained
    this.#whenDrained = []
    for (const resolve of waiting) resolve()
  }

  /** Only while the process ends: the event loop does not turn any more. */
  writeRest(): void {
    if (this.#broken || this.#waiting === '') return
    // A chunk that the stream could not write whole ends somewhere in a line.
    const rest = (this.#inFlight && this.#stream.writableLength > 0 ? '\n' : '') + this.#takeWaiting()
    this.#broken = true
    if (typeof this.#stream.fd === 'number') writeAllSync(this.#stream.fd, rest)
    else this.#stream.write(rest)
  }
}

function writeAllSync(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  const giveUpAt = performance.now() + EXIT_PATIENCE_MS
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let start = 0; start < bytes.length; ) {
    try {
      start += writeSync(fd, bytes, start)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > giveUpAt) return
      Atomics.wait(pause, 0, 0, 5)
    }
  }
}

function linesOf(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

const outputs = new WeakMap<Writable, StreamOutput>()
const unflushed = new Set<StreamOutput>()
let watchingExit = false

/** Returns the output of a stream, always the same one, so that several logs keep their order. The stream is never closed. */
export function outputTo(stream: Writable): LogOutput {
  let output = outputs.get(stream)
  if (output === undefined) {
    output = new StreamOutput(stream)
    outputs.set(stream, output)
    if (!watchingExit) {
      watchingExit = true
      // 'exit' also follows process.exit() and an uncaught exception.
      process.on('exit', () => {
        for (const each of unflushed) each.writeRest()
      })
    }
  }
  return output
}
