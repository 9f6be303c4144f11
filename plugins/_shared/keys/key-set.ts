/** A JSON Web Key Set (RFC 7517), looked up by what a token says about its key; each key is imported once per algorithm. */

import { createHash, createSecretKey, KeyObject } from 'node:crypto'
import type * as Jose from 'jose'
import { SignatureKey } from './signature.js'

/** How a token names its key. */
export type KeyStrategy = 'kid' | 'x5t' | 'x5t#S256' | 'kid_x5t'
export const KEY_STRATEGIES: readonly KeyStrategy[] = ['kid', 'x5t', 'x5t#S256', 'kid_x5t']

/** Signature algorithms that keys are used with; `none` is not among them. */
export const ALGORITHMS = [
  'EdDSA',
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512'
] as const

/** Which key, for what. */
export interface KeyUse {
  readonly strategy: KeyStrategy
  readonly alg: string
  readonly use: 'verify' | 'sign'
}

type Jwk = Readonly<Record<string, unknown>>

/** A key that is imported, or on its way; `key` stays undefined when the key cannot serve. */
export interface KeySlot {
  key: SignatureKey | undefined
  readonly ready: Promise<SignatureKey | undefined>
}

/** A slot and how it was asked for. */
interface FilledSlot extends KeySlot {
  readonly jwk: Jwk
  readonly name: string
  readonly wanted: KeyUse
}

/** The fields of a key header or a JWK that name it. */
export interface KeyNames {
  readonly kid?: unknown
  readonly x5t?: unknown
  readonly 'x5t#S256'?: unknown
}

/** Returns the name by which a token refers to its key; a missing thumbprint falls back to `kid`, a missing `kid` to ''. */
export function keyNameOf(names: KeyNames, strategy: KeyStrategy): string {
  const kid = typeof names.kid === 'string' ? names.kid : ''
  if (strategy === 'kid') return kid
  const thumbprint = strategy === 'x5t#S256' ? names['x5t#S256'] : names.x5t
  const named = typeof thumbprint === 'string' ? thumbprint : kid
  return strategy === 'kid_x5t' ? kid + named : named
}

const CURVES: ReadonlyMap<string, string> = new Map([
  ['ES256', 'P-256'],
  ['ES384', 'P-384'],
  ['ES512', 'P-521'],
  ['EdDSA', 'Ed25519']
])
const KINDS: ReadonlyMap<string, string> = new Map([
  ['HS', 'oct'],
  ['RS', 'RSA'],
  ['PS', 'RSA'],
  ['ES', 'EC'],
  ['Ed', 'OKP']
])

/**
 * A key serves one kind of algorithm: a public RSA key is never taken for a shared secret. What the key says of itself counts:
 * `use`, `key_ops` and `alg` (RFC 7517 §4, RFC 8725 §3.1).
 */
function fits(jwk: Jwk, { alg, use }: KeyUse): boolean {
  if (KINDS.get(alg.slice(0, 2)) !== jwk.kty) return false
  if ((jwk.use ?? 'sig') !== 'sig' || (jwk.alg ?? alg) !== alg) return false
  if (Array.isArray(jwk.key_ops) && !jwk.key_ops.includes(use)) return false
  const curve = CURVES.get(alg)
  return curve === undefined || jwk.crv === curve
}

/** Keys that are known now. */
export class KeySet {
  private readonly jose: typeof Jose
  private readonly keys: readonly Jwk[]
  /** By the names of keys. */
  private readonly slots = new Map<string, FilledSlot[]>()

  /** @param former the set that this one replaces: keys that are the same in both stay imported */
  constructor(jose: typeof Jose, keys: readonly Jwk[], former?: KeySet) {
    this.jose = jose
    this.keys = keys
    for (const slot of former === undefined ? [] : [...former.slots.values()].flat()) {
      const jwk = this.jwkFor(slot.name, slot.wanted)
      if (jwk !== undefined && JSON.stringify(jwk) === JSON.stringify(slot.jwk)) this.fill(slot)
    }
  }

  /** Reads the text of a key set. @throws Error when it is none */
  static parse(jose: typeof Jose, text: string, former?: KeySet): KeySet {
    const keys = (JSON.parse(text) as { keys?: unknown } | null)?.keys
    if (!Array.isArray(keys)) throw new Error('not a key set: no list of keys')
    return new KeySet(jose, keys.filter(isJwk).map(withThumbprints), former)
  }

  get size(): number {
    return this.keys.length
  }

  /** The slot of a key, undefined when no key has this name and fits the algorithm. */
  slot(name: string, wanted: KeyUse): KeySlot | undefined {
    for (const known of this.slots.get(name) ?? []) if (isSameUse(known.wanted, wanted)) return known
    const jwk = this.jwkFor(name, wanted)
    if (jwk === undefined) return undefined
    const slot: FilledSlot = { key: undefined, ready: this.import(jwk, wanted).catch(() => undefined), jwk, name, wanted }
    slot.ready.then(key => {
      slot.key = key
    })
    this.fill(slot)
    return slot
  }

  private fill(slot: FilledSlot): void {
    const named = this.slots.get(slot.name)
    if (named === undefined) this.slots.set(slot.name, [slot])
    else named.push(slot)
  }

  /** The keys that were asked for and can serve. */
  inUse(): ReadonlySet<SignatureKey> {
    return new Set([...this.slots.values()].flat().flatMap(({ key }) => key ?? []))
  }

  private jwkFor(name: string, wanted: KeyUse): Jwk | undefined {
    return this.keys.find(one => keyNameOf(one, wanted.strategy) === name && fits(one, wanted))
  }

  private async import(jwk: Jwk, { alg, use }: KeyUse): Promise<SignatureKey> {
    const { kty, n, e, crv, x, y, k } = jwk
    if (kty === 'oct') return new SignatureKey(createSecretKey(this.jose.base64url.decode(k as string)), alg)
    const shown = { kty, n, e, crv, x, y }
    const { d, p, q, dp, dq, qi } = jwk
    if (use === 'sign' && d === undefined) throw new Error('not a private key')
    const material = use === 'sign' ? { ...shown, d, p, q, dp, dq, qi } : shown
    // only those that can be exported become a KeyObject in newer versions of Node
    const key = (await this.jose.importJWK(material as Jose.JWK, alg, { extractable: true })) as Jose.CryptoKey
    return new SignatureKey(KeyObject.from(key), alg)
  }
}

function isSameUse(a: KeyUse, b: KeyUse): boolean {
  return a.alg === b.alg && a.strategy === b.strategy && a.use === b.use
}

function isJwk(value: unknown): value is Jwk {
  return typeof value === 'object' && value !== null && typeof (value as Jwk).kty === 'string'
}

/** Thumbprints follow from the certificate where the set does not spell them out (RFC 7517 §4.8). */
function withThumbprints(jwk: Jwk): Jwk {
  const chain = jwk.x5c
  if (!Array.isArray(chain) || typeof chain[0] !== 'string') return jwk
  const certificate = Buffer.from(chain[0], 'base64')
  const digest = (algorithm: string): string => createHash(algorithm).update(certificate).digest('base64url')
  return { ...jwk, x5t: jwk.x5t ?? digest('sha1'), 'x5t#S256': jwk['x5t#S256'] ?? digest('sha256') }
}
