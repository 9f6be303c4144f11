/** bcrypt, version 2a, for `bcrypt` and `htpasswd`: node:crypto does not have it. */

import { randomBytes } from 'node:crypto'
import { GoFault } from '../go-fault.js'

const COST = 10
const MAX_PASSWORD_BYTES = 72
const ROUNDS = 16
const BOX_WORDS = 1024
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Blowfish begins with the fraction of pi in binary; it is computed once rather than written down. */
let initial: Uint32Array | undefined

function initialState(): Uint32Array {
  initial ??= fractionOfPi(ROUNDS + 2 + BOX_WORDS)
  return initial.slice()
}

/** Words of 32 bits behind the point of pi, by Machin's formula. */
function fractionOfPi(words: number): Uint32Array {
  const guard = 64n
  const bits = BigInt(words * 32) + guard
  const arctan = (inverse: bigint): bigint => {
    let term = (1n << bits) / inverse
    let sum = term
    for (let n = 3n, sign = -1n; term !== 0n; n += 2n, sign = -sign) {
      term /= inverse * inverse
      sum += (sign * term) / n
    }
    return sum
  }
  const fraction = (16n * arctan(5n) - 4n * arctan(239n) - (3n << bits)) >> guard
  const hex = fraction.toString(16).padStart(words * 8, '0')
  return Uint32Array.from({ length: words }, (_, i) => Number.parseInt(hex.slice(i * 8, i * 8 + 8), 16))
}

class Blowfish {
  private readonly state = initialState()
  left = 0
  right = 0

  encipher(): void {
    const { state } = this
    let left = this.left
    let right = this.right
    for (let i = 0; i < ROUNDS; i += 2) {
      left ^= state[i]!
      right ^= this.mix(left)
      right ^= state[i + 1]!
      left ^= this.mix(right)
    }
    this.left = right ^ state[ROUNDS + 1]!
    this.right = left ^ state[ROUNDS]!
  }

  /** Mixes a key, and a salt where there is one, into the state. */
  expand(key: Uint8Array, salt: Uint8Array | undefined): void {
    const { state } = this
    let at = 0
    for (let i = 0; i < ROUNDS + 2; i++) {
      state[i] = state[i]! ^ wordAt(key, at)
      at = (at + 4) % key.length
    }
    this.left = 0
    this.right = 0
    for (let i = 0, from = 0; i < state.length; i += 2, from = (from + 8) % 16) {
      if (salt !== undefined) {
        this.left ^= wordAt(salt, from)
        this.right ^= wordAt(salt, from + 4)
      }
      this.encipher()
      state[i] = this.left
      state[i + 1] = this.right
    }
  }

  private mix(word: number): number {
    const { state } = this
    const base = ROUNDS + 2
    const sum = (state[base + (word >>> 24)]! + state[base + 256 + ((word >>> 16) & 255)]!) | 0
    return ((sum ^ state[base + 512 + ((word >>> 8) & 255)]!) + state[base + 768 + (word & 255)]!) | 0
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  let word = 0
  for (let i = 0; i < 4; i++) word = (word << 8) | bytes[(at + i) % bytes.length]!
  return word
}

/**
 * Hashes a password.
 * @throws GoFault for a password of more than 72 bytes
 */
export function bcryptHash(password: string, salt: Uint8Array = randomBytes(16), cost = COST): string {
  const key = Buffer.concat([Buffer.from(password), Buffer.from([0])])
  if (key.length > MAX_PASSWORD_BYTES + 1) throw new GoFault(`bcrypt: password length exceeds ${MAX_PASSWORD_BYTES} bytes`)
  const cipher = new Blowfish()
  cipher.expand(key, salt)
  for (let i = 0; i < 2 ** cost; i++) {
    cipher.expand(key, undefined)
    cipher.expand(salt, undefined)
  }
  const text = Buffer.from('OrpheanBeholderScryDoubt')
  const hash = Buffer.alloc(24)
  for (let at = 0; at < 24; at += 8) {
    cipher.left = text.readInt32BE(at)
    cipher.right = text.readInt32BE(at + 4)
    for (let i = 0; i < 64; i++) cipher.encipher()
    hash.writeInt32BE(cipher.left | 0, at)
    hash.writeInt32BE(cipher.right | 0, at + 4)
  }
  return `$2a$${String(cost).padStart(2, '0')}$${encode(salt)}${encode(hash.subarray(0, 23))}`
}

/** bcrypt's own order of the letters of base 64. */
function encode(bytes: Uint8Array): string {
  const usual = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  return Buffer.from(bytes)
    .toString('base64')
    .replace(/=+$/, '')
    .replace(/./g, char => ALPHABET[usual.indexOf(char)]!)
}
