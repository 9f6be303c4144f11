/** TLS towards a key server: cipher suites by their registered number, extra authorities, pinned public keys. */

import { createHash, X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { cipherName } from 'sluice/plugin'

/** Suites of TLS 1.3: always on. */
const TLS13 = [4865, 4866, 4867]
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
  const usable = wanted.filter(number => !BROKEN.has(number) && !TLS13.includes(number))
  return {
    ciphers: [...usable, ...TLS13].flatMap(number => cipherName(number) ?? []).join(':'),
    broken: wanted.filter(number => BROKEN.has(number)),
    unknown: usable.filter(number => cipherName(number) === undefined)
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
