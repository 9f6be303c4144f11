/**
 * What may be stored and what may be answered from the store (RFC 9111), apart from the gateway that asks.
 *
 * In: the head of a request, answers with their bodies. Out: a stored answer and whether it is fresh. One URL has as many answers as
 * its `Vary` fields and its `Authorization` make; an answer marked `private` is given only to requests with the same fields.
 */

import { createHash, randomUUID } from 'node:crypto'
import type CachePolicy from 'http-cache-semantics'
import type { CacheStore, StoredAnswer } from './store.js'

/** A request as the cache sees it. */
export interface RequestHead {
  readonly method: string
  /** Origin, path and query. */
  readonly url: string
  /** Lower-cased names, repeats joined. */
  readonly headers: Readonly<Record<string, string>>
}

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
  /** Fields that ask the upstream whether the answer still holds; [] = none. */
  readonly validators: readonly (readonly [name: string, value: string])[]
}

/** Fields of a request that differ each time and choose nothing. */
const VOLATILE = new Set(['x-request-id', 'traceparent', 'tracestate', 'content-length', 'date'])
/** Fields that a 304 does not replace: they belong to the bytes that are kept (RFC 9111 §3.2). */
const KEPT = new Set(['content-length', 'content-encoding', 'content-range', 'content-type', 'transfer-encoding'])
/** KrakenD's cache knows no heuristic freshness. */
const POLICY = { shared: false, cacheHeuristic: 0, immutableMinTimeToLive: 0 } as const

export class ResponseCache {
  private readonly store: CacheStore
  private readonly Policy: typeof CachePolicy

  constructor(store: CacheStore, Policy: typeof CachePolicy) {
    this.store = store
    this.Policy = Policy
  }

  async find(head: RequestHead): Promise<Found | undefined> {
    const variants = await this.store.get(head.url)
    if (variants?.kind !== 'variants') return undefined
    const key = answerKey(head, variants.fields, variants.generation)
    const answer = await this.store.get(key)
    if (answer?.kind !== 'answer') return undefined
    const policy = this.policyOf(head, answer.status, answer.fields, answer.storedAt)
    const strict = has(answer.fields, 'cache-control', 'must-revalidate')
    return {
      key,
      answer,
      fresh: policy.satisfiesWithoutRevalidation(head) && !(strict && policy.stale()),
      usableOnError: !strict && !policy.revalidatedPolicy(head, { status: 503, headers: {} }).modified,
      ageSeconds: Math.max(0, Math.round(policy.age())),
      validators: validatorsOf(answer.fields)
    }
  }

  /** Tells whether an answer may be stored: by its fields, and because it can be used again at all. */
  mayStore(head: RequestHead, status: number, fields: readonly string[]): boolean {
    // a session made for one client is not for the next one
    if (fieldValue(fields, 'set-cookie') !== undefined || fieldValue(fields, 'vary')?.includes('*')) return false
    const policy = this.policyOf(head, status, fields, Date.now())
    return policy.storable() && (policy.timeToLive() > 0 || validatorsOf(fields).length > 0)
  }

  async keep(head: RequestHead, answer: StoredAnswer): Promise<void> {
    const wanted = selectingFields(answer.fields)
    const known = await this.store.get(head.url)
    let variants = known?.kind === 'variants' ? known : undefined
    if (variants === undefined || wanted.some(name => !variants!.fields.includes(name))) {
      const fields = [...new Set([...(variants?.fields ?? []), ...wanted])].sort()
      variants = { kind: 'variants', fields, generation: variants?.generation ?? randomUUID() }
      await this.store.set(head.url, variants)
    }
    await this.store.set(answerKey(head, variants.fields, variants.generation), answer)
  }

  /** A 304 came: the stored answer holds again, with the fields of the 304. */
  async refresh(found: Found, fields: readonly string[]): Promise<StoredAnswer> {
    const { answer, key } = found
    const renewed = { ...answer, fields: replaceFields(answer.fields, fields), storedAt: Date.now() }
    await this.store.set(key, renewed)
    return renewed
  }

  /** Forgets all answers of a URL, after a method that changes things (RFC 9111 §4.4). */
  async forget(url: string): Promise<void> {
    await this.store.delete(url)
  }

  private policyOf(head: RequestHead, status: number, fields: readonly string[], storedAt: number): CachePolicy {
    const headers: Record<string, string> = Object.create(null)
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i]!.toLowerCase()
      headers[name] = headers[name] === undefined ? fields[i + 1]! : `${headers[name]}, ${fields[i + 1]!}`
    }
    // the library never answers such ones from the store, fresh or not; find() looks after them
    const control = headers['cache-control']
    if (control !== undefined) headers['cache-control'] = control.toLowerCase().replace(/must-revalidate/g, 'x-must-revalidate')
    return this.Policy.fromObject({
      ...new this.Policy(head as CachePolicy.HttpRequest, { status, headers }, POLICY).toObject(),
      t: storedAt
    })
  }
}

/** Fields that choose between answers. Encoded bytes are chosen by `Accept-Encoding` even where the upstream forgets to say so. */
function selectingFields(fields: readonly string[]): string[] {
  if (has(fields, 'cache-control', 'private')) return ['*']
  const names = (fieldValue(fields, 'vary') ?? '')
    .toLowerCase()
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
  if (fieldValue(fields, 'content-encoding') !== undefined) names.push('accept-encoding')
  return names
}

/** Hashed, so that no token stands in a key. `Authorization` is always part of it. */
function answerKey(head: RequestHead, fields: readonly string[], generation: string): string {
  const names = fields.includes('*') ? Object.keys(head.headers).sort() : [...fields, 'authorization']
  const hash = createHash('sha256')
  for (const name of names) if (!VOLATILE.has(name)) hash.update(`${name}:${head.headers[name] ?? '\n'}\n`)
  return `${head.method} ${head.url} ${generation} ${hash.digest('base64')}`
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
    // the age was that of the older answer
    const name = old[i]!.toLowerCase()
    if (name !== 'age' && !replaced.has(name)) fields.push(old[i]!, old[i + 1]!)
  }
  return [...fields, ...added]
}

function fieldValue(fields: readonly string[], name: string): string | undefined {
  let found: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.toLowerCase() === name) found = found === undefined ? fields[i + 1]! : `${found}, ${fields[i + 1]!}`
  }
  return found
}

/** Whether a list field names a directive, with or without an argument. */
function has(fields: readonly string[], name: string, directive: string): boolean {
  const value = fieldValue(fields, name)
  return value?.split(',').some(part => part.split('=')[0]!.trim().toLowerCase() === directive) ?? false
}
