/** The primary's half of texts that any worker may ask all workers for. It hands questions on and collects what comes in time. */

import type { WorkerText } from '../../plugin/component.js'
import type { ToTextHub, ToTextWorker } from '../../plugin/run/text-messages.js'

/** ms that workers may take; a text that comes later is left out. */
const MAKE_MS = 2000

/** A worker, as the hub sees it. */
export interface TextWorker {
  readonly id: number
  /** The number of its place, from 1. */
  readonly place: number
  send(message: ToTextWorker): void
}

interface Question {
  readonly asker: TextWorker
  readonly call: number
  readonly waiting: Map<number, TextWorker>
  readonly texts: WorkerText[]
  readonly timer: NodeJS.Timeout
}

export class TextHub {
  private readonly offers = new Map<string, Map<number, TextWorker>>()
  private readonly questions = new Map<number, Question>()
  private last = 0

  /** Takes what a worker says. */
  heard(worker: TextWorker, message: ToTextHub): void {
    switch (message.act) {
      case 'offer': {
        const workers = this.offers.get(message.name) ?? new Map<number, TextWorker>()
        this.offers.set(message.name, workers.set(worker.id, worker))
        return
      }
      case 'withdraw':
        this.offers.get(message.name)?.delete(worker.id)
        return
      case 'gather':
        return this.gather(worker, message.call, message.name)
      case 'made':
        return this.made(worker.id, message.number, message.text)
    }
  }

  /** A worker has ended. */
  gone(id: number): void {
    for (const workers of this.offers.values()) workers.delete(id)
    for (const number of [...this.questions.keys()]) this.made(id, number, undefined)
  }

  private gather(asker: TextWorker, call: number, name: string): void {
    const number = ++this.last
    const waiting = new Map(this.offers.get(name))
    const timer = setTimeout(() => this.finish(number), MAKE_MS)
    this.questions.set(number, { asker, call, waiting, texts: [], timer })
    for (const worker of waiting.values()) worker.send({ kind: 'text', act: 'wanted', number, name })
    if (waiting.size === 0) this.finish(number)
  }

  private made(id: number, number: number, text: string | undefined): void {
    const question = this.questions.get(number)
    const worker = question?.waiting.get(id)
    if (question === undefined || worker === undefined) return
    question.waiting.delete(id)
    if (text !== undefined) question.texts.push({ worker: worker.place, text })
    if (question.waiting.size === 0) this.finish(number)
  }

  private finish(number: number): void {
    const question = this.questions.get(number)
    if (question === undefined) return
    clearTimeout(question.timer)
    this.questions.delete(number)
    const texts = question.texts.sort((a, b) => a.worker - b.worker)
    question.asker.send({ kind: 'text', act: 'gathered', call: question.call, texts })
  }
}
