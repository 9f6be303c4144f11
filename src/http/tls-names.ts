/** IANA numbers of TLS parameters, as KrakenD's configuration writes them, to the names OpenSSL takes. */

const CIPHERS: ReadonlyMap<number, string> = new Map([
  [5, 'RC4-SHA'],
  [10, 'DES-CBC3-SHA'],
  [47, 'AES128-SHA'],
  [53, 'AES256-SHA'],
  [60, 'AES128-SHA256'],
  [156, 'AES128-GCM-SHA256'],
  [157, 'AES256-GCM-SHA384'],
  [4865, 'TLS_AES_128_GCM_SHA256'],
  [4866, 'TLS_AES_256_GCM_SHA384'],
  [4867, 'TLS_CHACHA20_POLY1305_SHA256'],
  [49161, 'ECDHE-ECDSA-AES128-SHA'],
  [49162, 'ECDHE-ECDSA-AES256-SHA'],
  [49171, 'ECDHE-RSA-AES128-SHA'],
  [49172, 'ECDHE-RSA-AES256-SHA'],
  [49187, 'ECDHE-ECDSA-AES128-SHA256'],
  [49191, 'ECDHE-RSA-AES128-SHA256'],
  [49187, 'ECDHE-ECDSA-AES128-SHA256'],
  [49191, 'ECDHE-RSA-AES128-SHA256'],
  [49195, 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  [49196, 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  [49199, 'ECDHE-RSA-AES128-GCM-SHA256'],
  [49200, 'ECDHE-RSA-AES256-GCM-SHA384'],
  [52392, 'ECDHE-RSA-CHACHA20-POLY1305'],
  [52393, 'ECDHE-ECDSA-CHACHA20-POLY1305']
])

const CURVES: ReadonlyMap<number, string> = new Map([
  [23, 'prime256v1'],
  [24, 'secp384r1'],
  [25, 'secp521r1'],
  [29, 'X25519']
])

/** The suites KrakenD offers below TLS 1.3 when none are configured. */
const DEFAULT_CIPHERS = [49199, 49195, 49200, 49196, 52392, 52393]
/** P-521, P-384, P-256. */
const DEFAULT_CURVES = [25, 24, 23]
/** TLS 1.3 suites are always on, as in Go. */
const TLS13 = [4865, 4866, 4867]

/** Returns OpenSSL's name of a cipher suite; undefined for a number that is not known (IANA's registry of TLS parameters). */
export function cipherName(number: number): string | undefined {
  return CIPHERS.get(number)
}

/** OpenSSL's cipher list. @throws RangeError for a number that is not known */
export function cipherList(numbers: readonly number[]): string {
  const wanted = numbers.length === 0 ? DEFAULT_CIPHERS : numbers
  const names = new Set([...TLS13, ...wanted].map(n => named(CIPHERS, n, 'cipher suite')))
  return [...names].join(':')
}

/** OpenSSL's curve list. @throws RangeError for a number that is not known */
export function curveList(numbers: readonly number[]): string {
  return (numbers.length === 0 ? DEFAULT_CURVES : numbers).map(n => named(CURVES, n, 'curve')).join(':')
}

function named(table: ReadonlyMap<number, string>, number: number, what: string): string {
  const name = table.get(number)
  if (name === undefined) throw new RangeError(`unknown ${what} ${number}; known are ${[...table.keys()].join(', ')}`)
  return name
}
