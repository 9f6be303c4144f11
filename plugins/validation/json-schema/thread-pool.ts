/**
 * Threads for large bodies, so that no other exchange waits for their validation. In: a schema and a body. Out: the verdict.
 *
 * Threads and not slices of work: one regular expression, one `uniqueItems` or one JSON.parse over 10 MiB cannot be cut.
 * Each thread validates one body at a time, a copy that is made when it is its turn.
 */

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { SchemaSource, Task, Verdict } from './thread.js'

/** Longest body, in bytes, that the thread for smaller bodies takes: they do not wait for the largest ones. */
const MAX_SMALLER = 1024 * 1024

/** `thread.js`, or `thread.ts` where the process runs from sources. */
const ENTRY = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)

interface Job {
  readonly source: SchemaSource
  readonly bytes: Uint8Array
  readonly resolve: (verdict: Verdict) => void
  readonly reject: (cause: unknown) => void
  readonly signal: AbortSignal
}

class Lane {
  private readonly jobs: Job[] = []
  private worker: Worker | undefined
  /** Numbers of the schemas that the worker has. */
  private schemas = new WeakMap<SchemaSource, number>()
  private schemaCount = 0
  private current: Job | undefined

  add(job: Job): void {
    this.jobs.push(job)
    this.next()
  }

  private next(): void {
    if (this.current !== undefined) return
    let job = this.jobs.shift()
    for (; job?.signal.aborted === true; job = this.jobs.shift()) job.reject(job.signal.reason)
    if (job === undefined) return void this.worker?.unref()
    this.current = job
    this.worker ??= this.start()
    this.worker.ref()
    const task = this.taskOf(job)
    this.worker.postMessage(task, [task.bytes.buffer as ArrayBuffer])
  }

  private taskOf({ source, bytes }: Job): Task {
    const copy = new Uint8Array(bytes)
    const known = this.schemas.get(source)
    if (known !== undefined) return { schema: known, source: undefined, bytes: copy }
    const schema = this.schemaCount++
    this.schemas.set(source, schema)
    return { schema, source, bytes: copy }
  }

  private start(): Worker {
    const worker = new Worker(ENTRY)
    worker.on('message', (verdict: Verdict) => this.done(job => job.resolve(verdict)))
    // what a thread cannot survive, such as too little memory, ends the job that it was at
    worker.on('error', cause => this.lost(worker, cause))
    worker.on('exit', code => this.lost(worker, new Error(`the thread that validates large bodies has ended with code ${code}`)))
    return worker
  }

  private lost(worker: Worker, cause: Error): void {
    if (this.worker !== worker) return
    this.worker = undefined
    this.schemas = new WeakMap()
    this.done(job => job.reject(cause))
  }

  private done(settle: (job: Job) => void): void {
    const job = this.current
    this.current = undefined
    if (job !== undefined) settle(job)
    this.next()
  }
}

const smaller = new Lane()
const largest = new Lane()

/** Validates a body. Rejects when the thread fails, and with the reason of `signal` when it is aborted before its turn. */
export function validateInThread(source: SchemaSource, bytes: Uint8Array, signal: AbortSignal): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const lane = bytes.length <= MAX_SMALLER ? smaller : largest
    lane.add({ source, bytes, resolve, reject, signal })
  })
}
