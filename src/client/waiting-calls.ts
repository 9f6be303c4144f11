import type { Dispatcher } from 'undici'
import type { QueuedCall, WaitingCall } from './queued-call.js'

/** Calls in the order they came. Every step costs the same however many wait. */
export class WaitingCalls {
  private first: WaitingCall | undefined = undefined
  private last: WaitingCall | undefined = undefined

  /** Adds a call as the last one; what it returns names it to {@link remove}. */
  add(call: QueuedCall, options: Dispatcher.DispatchOptions): WaitingCall {
    const { last } = this
    const entry: WaitingCall = { call, options, next: undefined, previous: last }
    if (last === undefined) this.first = entry
    else last.next = entry
    this.last = entry
    return entry
  }

  /** Takes out a call that waits. */
  remove(entry: WaitingCall): void {
    if (entry.previous === undefined) this.first = entry.next
    else entry.previous.next = entry.next
    if (entry.next === undefined) this.last = entry.previous
    else entry.next.previous = entry.previous
  }

  /** Takes out the call that has waited the longest. */
  shift(): WaitingCall | undefined {
    const { first } = this
    if (first !== undefined) this.remove(first)
    return first
  }
}
