/**
 * Signatures of JSON Web Tokens (RFC 7518 §3, RFC 8037) by `node:crypto`, which needs no promise and no thread for them.
 *
 * A key measures its first uses. When all of them took long, as with ES512 or large RSA keys, the thread pool does the rest, and other
 * exchanges go on meanwhile. `bench/jwt.mjs` prints what each algorithm takes both ways.
 */

import { constants, createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto'

/** ms; uses that take longer go to the thread pool. What handing them over takes itself is about 0.02. */
const LONG_MS = 0.25
/** On a busy machine some of them are interrupted; the fastest one counts. */
const MEASURED_USES = 10
/** Bits; shorter keys are not safe (RFC 7518 §3.3). */
const LEAST_RSA_BITS = 2048

/** How an algorithm signs. */
interface Scheme {
  /** Undefined: the scheme hashes by itself. */
  readonly hash: string | undefined
  /** Options that `node:crypto` takes beside the key. */
  readonly options: { readonly padding?: number; readonly saltLength?: number; readonly dsaEncoding?: 'ieee-p1363' }
  /** Bytes of a signature; undefined: as many as the RSA modulus has. */
  readonly signatureBytes: number | undefined
}

const ELLIPTIC_BYTES: Readonly<Record<string, number>> = { ES256: 64, ES384: 96, ES512: 132 }

function schemeOf(alg: string): Scheme {
  if (alg === 'EdDSA') return { hash: undefined, options: {}, signatureBytes: 64 }
  const bits = alg.slice(2)
  const hash = `sha${bits}`
  const hashBytes = Number(bits) / 8
  switch (alg.slice(0, 2)) {
    case 'HS':
      return { hash, options: {}, signatureBytes: hashBytes }
    case 'ES':
      return { hash, options: { dsaEncoding: 'ieee-p1363' }, signatureBytes: ELLIPTIC_BYTES[alg] }
    case 'PS':
      return {
        hash,
        options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: hashBytes },
        signatureBytes: undefined
      }
    default:
      return { hash, options: { padding: constants.RSA_PKCS1_PADDING }, signatureBytes: undefined }
  }
}

/** A key that signs, or verifies, by one algorithm. */
export class SignatureKey {
  private readonly key: KeyObject
  private readonly isSecret: boolean
  private readonly hash: string | undefined
  private readonly options: Scheme['options'] & { readonly key: KeyObject }
  private readonly signatureBytes: number
  private readonly longMs: number
  private uses = 0
  /** ms; of the uses that were measured. */
  private fastest = Number.POSITIVE_INFINITY

  /**
   * @param key public to verify, private to sign, or secret; of the kind that `alg` needs
   * @param longMs what is left to the thread pool
   * @throws Error for an RSA key that is too short, and for an empty secret
   */
  constructor(key: KeyObject, alg: string, longMs = LONG_MS) {
    const { hash, options, signatureBytes } = schemeOf(alg)
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    if (signatureBytes === undefined && bits < LEAST_RSA_BITS)
      throw new Error(`${alg} needs a key of at least ${LEAST_RSA_BITS} bits, this one has ${bits}`)
    if (key.type === 'secret' && key.symmetricKeySize === 0) throw new Error('the secret is empty')
    this.key = key
    this.isSecret = key.type === 'secret'
    this.hash = hash
    this.options = { key, ...options }
    this.signatureBytes = signatureBytes ?? Math.ceil(bits / 8)
    this.longMs = longMs
  }

  /** True when the key takes so long that the thread pool is used. */
  get isSlow(): boolean {
    return this.uses >= MEASURED_USES && this.fastest > this.longMs
  }

  /** Returns whether `signature` is that of `data`; a promise where it takes long. Never throws or rejects. */
  verify(data: Uint8Array, signature: Uint8Array): boolean | Promise<boolean> {
    if (signature.length !== this.signatureBytes) return false
    if (this.isSecret) return timingSafeEqual(this.hmac(data), signature)
    if (this.isSlow) return this.verifyInPool(data, signature)
    return this.measured(() => this.verifyNow(data, signature))
  }

  /** Returns the signature of `data`; a promise where it takes long. @throws Error, or rejects, when the key cannot sign */
  sign(data: Uint8Array): Buffer | Promise<Buffer> {
    if (this.isSecret) return this.hmac(data)
    if (this.isSlow) return this.signInPool(data)
    return this.measured(() => sign(this.hash, data, this.options))
  }

  private hmac(data: Uint8Array): Buffer {
    return createHmac(this.hash!, this.key).update(data).digest()
  }

  private verifyNow(data: Uint8Array, signature: Uint8Array): boolean {
    try {
      return verify(this.hash, data, this.options, signature)
    } catch {
      return false
    }
  }

  private verifyInPool(data: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return new Promise(resolve => {
      verify(this.hash, data, this.options, signature, (error, isRight) => resolve(error === null && isRight))
    })
  }

  private signInPool(data: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      sign(this.hash, data, this.options, (error, signature) => (error === null ? resolve(signature) : reject(error)))
    })
  }

  private measured<T>(use: () => T): T {
    if (this.uses >= MEASURED_USES) return use()
    const start = performance.now()
    const outcome = use()
    this.fastest = Math.min(this.fastest, performance.now() - start)
    this.uses++
    return outcome
  }
}
