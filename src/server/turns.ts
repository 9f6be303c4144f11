/** Pipelined requests: one exchange of a connection at a time, the others wait for their turn (RFC 9112 §9.3.2). */

import type { IncomingMessage, ServerResponse } from 'node:http'

/** Requests of one connection that may wait. */
const MAX_WAITING = 2048
/** Bytes of their heads and bodies. */
const MAX_WAITING_BYTES = 256 * 1024
/** Requests of all connections of a listener that may wait; beyond it … */
const MAX_WAITING_IN_ALL = 16_384
/** … each connection still has so many. */
const ALWAYS_WAITING = 16

/** A request whose turn has not come. */
export interface Turn {
  readonly request: IncomingMessage
  /** Undefined where node:http has made none. */
  readonly response: ServerResponse | undefined
  readonly start: () => void
}

/** Counts what waits on all connections of a listener. */
export class TurnBudget {
  waiting = 0
}

/** The requests of one connection that wait, in their order. Made when a client pipelines. */
export class Turns {
  private readonly budget: TurnBudget
  private readonly queue: Turn[] = []
  private bytes = 0

  constructor(budget: TurnBudget) {
    this.budget = budget
  }

  get length(): number {
    return this.queue.length
  }

  /** The newest request that waits. */
  get last(): Turn | undefined {
    return this.queue[this.queue.length - 1]
  }

  /** Returns false when no more may wait; the request is not taken then. */
  add(turn: Turn): boolean {
    const { queue, budget } = this
    // the request before it is whole by now, and its body in memory
    if (this.last !== undefined) this.bytes += this.last.request.readableLength
    this.bytes += headBytes(turn.request)
    const full = queue.length >= MAX_WAITING || this.bytes > MAX_WAITING_BYTES
    if (queue.length > 0 && (full || (budget.waiting >= MAX_WAITING_IN_ALL && queue.length >= ALWAYS_WAITING))) return false
    queue.push(turn)
    budget.waiting++
    return true
  }

  /** Takes the next one out. */
  next(): Turn | undefined {
    const turn = this.queue.shift()
    if (turn === undefined) return undefined
    this.budget.waiting--
    this.bytes -= headBytes(turn.request) + turn.request.readableLength
    if (this.queue.length === 0) this.bytes = 0
    return turn
  }

  /** Drops the newest one. */
  dropLast(): void {
    if (this.queue.pop() !== undefined) this.budget.waiting--
  }

  /** Drops all; called when their connection ends. */
  clear(): void {
    this.budget.waiting -= this.queue.length
    this.queue.length = 0
  }
}

function headBytes({ url, rawHeaders }: IncomingMessage): number {
  let bytes = url!.length
  for (const part of rawHeaders) bytes += part.length
  return bytes
}
