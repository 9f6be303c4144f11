/**
 * Has garbage collected on the main thread where the process has one processor.
 *
 * V8 marks, copies and sweeps on four threads beside the main one. On a processor of their own they cost requests nothing. On the only processor
 * they take four shares and leave the main thread one: requests wait until all is marked, 50 ms and more.
 */
import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'

/** What V8 does beside the main thread. `parallel-marking` stays on: without it V8 would not wait for threads of Node's objects, and crash. */
export const BESIDE = ['concurrent-marking', 'parallel-scavenge', 'concurrent-sweeping'] as const

/** Called before a gateway is made, while V8 collects nothing. */
export function spareTheProcessor(processors = availableParallelism(), set = setFlagsFromString): void {
  if (processors > 1) return
  for (const work of BESIDE) set(`--no-${work}`)
}
