import { Writable } from 'node:stream'

/** A destination in memory, optionally one whose reader can be stopped. */
export class Collected extends Writable {
  text = ''
  isTTY = false
  #stopped: (() => void)[] | undefined

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    if (this.#stopped === undefined) done()
    else this.#stopped.push(done)
  }

  stopReading(): void {
    this.#stopped = []
  }

  readOn(): void {
    const stopped = this.#stopped ?? []
    this.#stopped = undefined
    for (const done of stopped) done()
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1)
  }
}
