/**
 * Stored responses and the requests they may be given to (RFC 9111), apart from the gateway that asks.
 *
 * In: the head of a request, responses with their bodies. Out: a stored response and whether it is fresh. One URL has as many responses as
 * its `Vary` fields and the key's own fields (key.ts) make; a response marked `private` is given only to requests with the same fields.
 */

import { randomUUID } from 'node:crypto'
import { parseDirectives } from './directives.js'
import { fieldValue } from './fields.js'
import { Freshness } from './freshness.js'
import { answerKey, type RequestHead } from './key.js'
import { type CacheStore, momentNow, type StoredAnswer, timeFor } from './store.js'

/** What was found for a request. */
export interface Found {
  readonly key: string
  readonly answer: StoredAnswer
  /** May be answered without asking the upstream. */
  readonly fresh: boolean
  /** May be answered when the upstream fails (`stale-if-error`). */
  readonly usableOnError: boolean
  /** s, for the `Age` field. */
  readonly ageSeconds: number
  /** Fields that ask the upstream whether a response that is not fresh still holds; [] = none. */
  readonly validators: readonly (readonly [name: string, value: string])[]
}

/** Fields that a 304 does not replace: they belong to the bytes that are kept (RFC 9111 §3.2). */
const KEPT = new Set(['content-length', 'content-encoding', 'content-range', 'content-type', 'transfer-encoding'])

export class ResponseCache {
  private readonly store: CacheStore
  /** Fields of a request that are part of every key besides those of key.ts. */
  private readonly keyed: readonly string[]

  /** @param keyed lower-cased */
  constructor(store: CacheStore, keyed: readonly string[] = []) {
    this.store = store
    this.keyed = keyed
  }

  async find(head: RequestHead): Promise<Found | undefined> {
    const variants = await this.store.get(head.url)
    if (variants?.kind !== 'variants') return undefined
    const key = answerKey(head, [...variants.fields, ...this.keyed], variants.generation)
    const answer = await this.store.get(key)
    if (answer?.kind !== 'answer') return undefined
    const freshness = new Freshness(answer.fields, answer.storedAt)
    const now = timeFor(answer)
    const fresh = freshness.satisfies(head.headers, now)
    return {
      key,
      answer,
      fresh,
      usableOnError: freshness.usableOnError(now),
      ageSeconds: Math.round(freshness.age(now)),
      validators: fresh ? [] : validatorsOf(answer.fields)
    }
  }

  /** Tells whether a response may be stored: by its fields, and because it can be used again at all. */
  mayStore(head: RequestHead, status: number, fields: readonly string[]): boolean {
    // a session made for one client is not for the next one
    if (fieldValue(fields, 'set-cookie') !== undefined || fieldValue(fields, 'vary')?.includes('*')) return false
    if (parseDirectives(head.headers['cache-control']).has('no-store')) return false
    return new Freshness(fields, Date.now()).mayStore(status, validatorsOf(fields).length > 0)
  }

  async keep(head: RequestHead, answer: StoredAnswer): Promise<void> {
    const wanted = [...selectingFields(answer.fields), ...this.keyed]
    const known = await this.store.get(head.url)
    let variants = known?.kind === 'variants' ? known : undefined
    if (variants === undefined || wanted.some(name => !variants!.fields.includes(name))) {
      const fields = [...new Set([...(variants?.fields ?? []), ...wanted])].sort()
      variants = { kind: 'variants', fields, generation: variants?.generation ?? randomUUID() }
      await this.store.set(head.url, variants)
    }
    await this.store.set(answerKey(head, variants.fields, variants.generation), answer)
  }

  /** A 304 came: the stored response holds again, with the fields of the 304. */
  async refresh(found: Found, fields: readonly string[]): Promise<StoredAnswer> {
    const { answer, key } = found
    const renewed = { ...answer, fields: replaceFields(answer.fields, fields), ...momentNow() }
    await this.store.set(key, renewed)
    return renewed
  }

  /** Forgets all responses of a URL, after a method that changes things (RFC 9111 §4.4). */
  async forget(url: string): Promise<void> {
    await this.store.delete(url)
  }
}

/** Fields that choose between responses. Encoded bytes are chosen by `Accept-Encoding` even where the upstream forgets to say so. */
function selectingFields(fields: readonly string[]): string[] {
  if (parseDirectives(fieldValue(fields, 'cache-control')).has('private')) return ['*']
  const names = (fieldValue(fields, 'vary') ?? '')
    .toLowerCase()
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
  if (fieldValue(fields, 'content-encoding') !== undefined) names.push('accept-encoding')
  return names
}

function validatorsOf(fields: readonly string[]): [name: string, value: string][] {
  const validators: [string, string][] = []
  const etag = fieldValue(fields, 'etag')
  const modified = fieldValue(fields, 'last-modified')
  if (etag !== undefined) validators.push(['If-None-Match', etag])
  if (modified !== undefined) validators.push(['If-Modified-Since', modified])
  return validators
}

function replaceFields(old: readonly string[], update: readonly string[]): string[] {
  const replaced = new Set<string>()
  const added: string[] = []
  for (let i = 0; i < update.length; i += 2) {
    const name = update[i]!.toLowerCase()
    if (KEPT.has(name)) continue
    replaced.add(name)
    added.push(update[i]!, update[i + 1]!)
  }
  const fields: string[] = []
  for (let i = 0; i < old.length; i += 2) {
    // the age was that of the older response
    const name = old[i]!.toLowerCase()
    if (name !== 'age' && !replaced.has(name)) fields.push(old[i]!, old[i + 1]!)
  }
  return [...fields, ...added]
}
