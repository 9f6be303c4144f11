/**
 * Stored responses in Redis, for all gateways that use the same server.
 *
 * While it does not answer, nothing is found and nothing is kept: requests go to the upstream. What an unsafe method should have forgotten
 * meanwhile is told by `failed`.
 */

import { hash } from 'node:crypto'
import { type RedisLink, RedisUnavailable } from '../../_shared/redis/link.js'
import type { CacheStore, Stored } from './store.js'

/** How long a response is kept that is not asked for, ms. Whether it is fresh is decided by its fields. */
const KEPT_MS = 24 * 60 * 60 * 1000

/** bytes; larger responses would keep other questions waiting. */
export const MAX_SHARED_BODY = 1024 * 1024

export class RedisStore implements CacheStore {
  private readonly link: RedisLink
  private readonly owner: string
  private readonly failed: (error: Error) => void

  /**
   * @param owner differs from that of every other store, and is the same in all gateways
   * @param failed called when a URL could not be forgotten
   */
  constructor(link: RedisLink, owner: string, failed: (error: Error) => void) {
    this.link = link
    this.owner = owner
    this.failed = failed
  }

  async get(key: string): Promise<Stored | undefined> {
    const found = await this.link.ask(client => client.get(this.keyOf(key))).catch(ignoreAbsence)
    return found ? decodeStored(found) : undefined
  }

  async set(key: string, value: Stored): Promise<void> {
    await this.link.ask(client => client.set(this.keyOf(key), encodeStored(value), KEPT_MS)).catch(ignoreAbsence)
  }

  async delete(key: string): Promise<void> {
    try {
      await this.link.ask(client => client.delete(this.keyOf(key)))
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error
      this.failed(error)
    }
  }

  /** URLs may hold secrets: the server gets their hash. */
  private keyOf(key: string): string {
    return `sluice:cache:${hash('sha256', `${this.owner} ${key}`, 'base64url')}`
  }
}

function ignoreAbsence(error: unknown): undefined {
  if (!(error instanceof RedisUnavailable)) throw error
  return undefined
}

const HEAD_BYTES = 4

/** The length of the head, the head as JSON, the body as it is. */
export function encodeStored(value: Stored): Buffer {
  const { body, steadyAt: _, ...head } = value.kind === 'answer' ? value : { ...value, body: undefined, steadyAt: undefined }
  const text = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(HEAD_BYTES)
  length.writeUInt32BE(text.length)
  return Buffer.concat(body === undefined ? [length, text] : [length, text, body])
}

/** @returns undefined for bytes that are nothing of this kind */
export function decodeStored(bytes: Buffer): Stored | undefined {
  if (bytes.length < HEAD_BYTES) return undefined
  const end = HEAD_BYTES + bytes.readUInt32BE(0)
  if (end > bytes.length) return undefined
  try {
    const head: unknown = JSON.parse(bytes.toString('utf8', HEAD_BYTES, end))
    if (!isHead(head)) return undefined
    return head.kind === 'answer' ? { ...head, steadyAt: undefined, body: bytes.subarray(end) } : head
  } catch {
    return undefined
  }
}

type Head = Extract<Stored, { kind: 'variants' }> | Omit<Extract<Stored, { kind: 'answer' }>, 'body'>

function isHead(value: unknown): value is Head {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false
  if (!('fields' in value) || !Array.isArray(value.fields) || value.fields.some(one => typeof one !== 'string')) return false
  if (value.kind === 'variants') return 'generation' in value && typeof value.generation === 'string'
  const numbers = 'status' in value && Number.isInteger(value.status) && 'storedAt' in value && Number.isFinite(value.storedAt)
  return value.kind === 'answer' && numbers && 'url' in value && typeof value.url === 'string'
}
