/** TLS towards a key server: cipher suites by their registered number, extra authorities, pinned public keys. */

import { createHash, X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/** TLS 1.2 suites by IANA number (RFC 8446, 5289, 7905); those of TLS 1.3 are always on. */
const SUITES: ReadonlyMap<number, string> = new Map([
  [47, 'AES128-SHA'],
  [53, 'AES256-SHA'],
  [60, 'AES128-SHA256'],
  [156, 'AES128-GCM-SHA256'],
  [157, 'AES256-GCM-SHA384'],
  [49161, 'ECDHE-ECDSA-AES128-SHA'],
  [49162, 'ECDHE-ECDSA-AES256-SHA'],
  [49171, 'ECDHE-RSA-AES128-SHA'],
  [49172, 'ECDHE-RSA-AES256-SHA'],
  [49187, 'ECDHE-ECDSA-AES128-SHA256'],
  [49191, 'ECDHE-RSA-AES128-SHA256'],
  [49195, 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  [49196, 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  [49199, 'ECDHE-RSA-AES128-GCM-SHA256'],
  [49200, 'ECDHE-RSA-AES256-GCM-SHA384'],
  [52392, 'ECDHE-RSA-CHACHA20-POLY1305'],
  [52393, 'ECDHE-ECDSA-CHACHA20-POLY1305']
])

const TLS13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']
const TLS13_NUMBERS: ReadonlySet<number> = new Set([4865, 4866, 4867])
const DEFAULT_SUITES = [49199, 49195, 49200, 49196, 52392, 52393]
/** RC4 and 3DES: known numbers, suites that no client should offer. */
const BROKEN: ReadonlySet<number> = new Set([5, 10, 49159, 49169, 49170])

/** What became of a list of suite numbers. */
export interface CipherChoice {
  /** As `node:tls` takes them. */
  readonly ciphers: string
  /** Numbers left out because the suite is broken. */
  readonly broken: readonly number[]
  /** Numbers that mean nothing. */
  readonly unknown: readonly number[]
}

/** Turns suite numbers into names; an empty list gives the modern suites with forward secrecy. */
export function selectCiphers(numbers: readonly number[]): CipherChoice {
  const wanted = numbers.length === 0 ? DEFAULT_SUITES : numbers
  const names = wanted.flatMap(number => SUITES.get(number) ?? [])
  return {
    ciphers: [...names, ...TLS13].join(':'),
    broken: wanted.filter(number => BROKEN.has(number)),
    unknown: wanted.filter(number => !SUITES.has(number) && !TLS13_NUMBERS.has(number) && !BROKEN.has(number))
  }
}

/** Reads a pin: base64 or base64url of the SHA-256 of a public key; undefined when it is neither. Returns base64url. */
export function parsePin(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === 32 ? bytes.toString('base64url') : undefined
}

/** Says whether a certificate of the peer's chain has a pinned public key (RFC 7469 §2.4). */
export function hasPinnedKey(socket: TLSSocket, pins: ReadonlySet<string>): boolean {
  const seen = new Set<string>()
  let peer = socket.getPeerCertificate(true)
  while (peer?.raw !== undefined && !seen.has(peer.fingerprint256)) {
    seen.add(peer.fingerprint256)
    const spki = new X509Certificate(peer.raw).publicKey.export({ type: 'spki', format: 'der' })
    if (pins.has(createHash('sha256').update(spki).digest('base64url'))) return true
    peer = peer.issuerCertificate
  }
  return false
}
