/** The worker's half of texts that any worker may ask all of them for, such as metrics. The primary is the other half (`cli/workers/text-hub.ts`). */

import type { WorkerText } from '../component.js'
import type { ToTextHub, ToTextWorker } from './text-messages.js'

/** ms until a primary that does not answer counts as none. */
const PRIMARY_MS = 10_000

/** What connects a worker with its primary: `process` in a worker. */
export interface TextChannel {
  send?(message: ToTextHub): unknown
  on(event: 'message', listener: (message: unknown) => void): unknown
}

type Make = () => string | Promise<string>

export class WorkerTexts {
  private readonly channel: TextChannel
  private readonly offered = new Map<string, Make>()
  private readonly calls = new Map<number, (texts: readonly WorkerText[]) => void>()
  private lastCall = 0
  private listening = false

  constructor(channel: TextChannel) {
    this.channel = channel
  }

  /** Offers a text; the last offer of a name counts. @returns the end of the offer */
  offer(name: string, make: Make): () => void {
    this.listen()
    this.offered.set(name, make)
    this.send({ kind: 'text', act: 'offer', name })
    return () => {
      // another configuration of this worker may have offered the same meanwhile
      if (this.offered.get(name) !== make) return
      this.offered.delete(name)
      this.send({ kind: 'text', act: 'withdraw', name })
    }
  }

  /** @rejects Error when the primary does not answer */
  gather(name: string): Promise<readonly WorkerText[]> {
    this.listen()
    const call = ++this.lastCall
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.calls.delete(call)
        reject(new Error('the primary process does not answer'))
      }, PRIMARY_MS)
      this.calls.set(call, texts => {
        clearTimeout(timer)
        resolve(texts)
      })
      this.send({ kind: 'text', act: 'gather', call, name })
    })
  }

  private send(message: ToTextHub): void {
    this.channel.send?.(message)
  }

  private listen(): void {
    if (this.listening) return
    this.listening = true
    this.channel.on('message', message => {
      if ((message as ToTextWorker | undefined)?.kind === 'text') this.heard(message as ToTextWorker)
    })
  }

  private heard(message: ToTextWorker): void {
    if (message.act === 'gathered') {
      const done = this.calls.get(message.call)
      this.calls.delete(message.call)
      return done?.(message.texts)
    }
    const { number, name } = message
    const reply = (text: string | undefined): void => this.send({ kind: 'text', act: 'made', number, text })
    Promise.resolve()
      .then(() => this.offered.get(name)?.())
      .then(reply, () => reply(undefined))
  }
}
