/** Waits with a limit: a test that waits in vain fails after it, and its error says what the test waited for. */

import { type EventEmitter, once as nodeOnce } from 'node:events'

// Kept from before a test mocks them.
const { setTimeout: start, clearTimeout: stop } = globalThis
const clock = { now: performance.now.bind(performance) }

/** Far longer than any single wait takes, also where other programs use the machine, ms. */
export const LIMIT_MS = 120_000

/** Settles as `wanted` does; rejects when that takes longer than the limit. */
export async function within<T>(what: string, wanted: PromiseLike<T>, limitMs = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = start(() => reject(inVain(what, limitMs)), limitMs)
  })
  try {
    return await Promise.race([wanted, late])
  } finally {
    stop(timer)
  }
}

/** `once` of `node:events` with a limit. An error rejects, unless the wait is for the `close` that follows it. */
export function once<T extends unknown[] = unknown[]>(emitter: EventEmitter, event: string, limitMs = LIMIT_MS): Promise<T> {
  const next = event === 'close' ? closed(emitter) : nodeOnce(emitter, event)
  return within(`'${event}' of ${emitter.constructor.name}`, next as Promise<T>, limitMs)
}

function closed(emitter: EventEmitter): Promise<unknown[]> {
  const ignore = (): void => {}
  emitter.on('error', ignore)
  return new Promise(resolve => {
    emitter.once('close', (...args) => {
      emitter.off('error', ignore)
      resolve(args)
    })
  })
}

/** Resolves with the first value of `look` that is truthy; asks every few milliseconds. By default it says the text of `look`. */
export async function until<T>(look: () => T | Promise<T>, what = String(look), limitMs = LIMIT_MS): Promise<Truthy<T>> {
  const end = clock.now() + limitMs
  for (;;) {
    const found = await within(what, Promise.resolve(look()), limitMs)
    if (found) return found as Truthy<T>
    if (clock.now() > end) throw inVain(what, limitMs)
    await pause(2)
  }
}

type Truthy<T> = Exclude<T, false | undefined | null | 0 | ''>

/** A promise and what resolves it. */
export interface Deferred<T> {
  /** The limit counts from each read of this property. */
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
}

/** Makes a promise that the test resolves. */
export function deferred<T = void>(what: string, limitMs = LIMIT_MS): Deferred<T> {
  let resolve!: (value: T) => void
  const wanted = new Promise<T>(done => {
    resolve = done
  })
  return {
    get promise() {
      return within(what, wanted, limitMs)
    },
    resolve
  }
}

/** `fetch` with a limit for the answer and its body. */
export function fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
  const { signal } = init
  const end = new AbortController()
  start(() => end.abort(inVain(`the answer to ${url}`, LIMIT_MS)), LIMIT_MS).unref()
  return globalThis.fetch(url, { ...init, signal: signal ? AbortSignal.any([signal, end.signal]) : end.signal })
}

/** Resolves after a time that is part of what a test tests, ms. */
export function pause(ms: number): Promise<void> {
  return new Promise(resolve => start(resolve, ms))
}

function inVain(what: string, limitMs: number): Error {
  return new Error(`waited ${limitMs / 1000} s in vain for ${what}`)
}
