import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto'
import { GoFault } from '../go-fault.js'
import { declare, type FunctionTable, refuse } from '../go-function.js'
import { bcryptHash } from './bcrypt.js'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function base32(text: string): string {
  let out = ''
  let bits = 0
  let value = 0
  for (const byte of Buffer.from(text)) {
    value = (value << 8) | byte
    bits += 8
    for (; bits >= 5; bits -= 5) out += BASE32[(value >> (bits - 5)) & 31]!
    value &= (1 << bits) - 1
  }
  if (bits > 0) out += BASE32[(value << (5 - bits)) & 31]!
  return out.padEnd(Math.ceil(out.length / 8) * 8, '=')
}

/** A text that is no base 32 gives the message of the fault, as sprig does. */
function fromBase32(text: string): string {
  const clean = text.replace(/[\r\n]/g, '')
  const bare = clean.replace(/=+$/, '')
  const wrong = [...bare].findIndex(char => !BASE32.includes(char))
  if (wrong !== -1) return `illegal base32 data at input byte ${wrong}`
  if (clean.length % 8 !== 0) return `illegal base32 data at input byte ${clean.length}`
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const char of bare) {
    value = (value << 5) | BASE32.indexOf(char)
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >> bits) & 255)
    value &= (1 << bits) - 1
  }
  return Buffer.from(bytes).toString()
}

/** A text that is no base 64 gives the message of the fault, as sprig does. */
function fromBase64(text: string): string {
  const clean = text.replace(/[\r\n]/g, '')
  const padding = /=*$/.exec(clean)![0].length
  const bare = clean.slice(0, clean.length - padding)
  const wrong = bare.search(/[^A-Za-z0-9+/]/)
  if (wrong !== -1) return `illegal base64 data at input byte ${wrong}`
  if (padding > 2) return `illegal base64 data at input byte ${bare.length + 2}`
  if (clean.length % 4 !== 0) return `illegal base64 data at input byte ${clean.length - (clean.length % 4)}`
  return Buffer.from(clean, 'base64').toString()
}

function adler32(text: string): string {
  let a = 1
  let b = 0
  for (const byte of Buffer.from(text)) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return String(b * 65536 + a)
}

const hash =
  (name: string) =>
  (text: string): string =>
    createHash(name).update(text).digest('hex')

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')
const MAX_RANDOM = 1_000_000

const random =
  (alphabet: string) =>
  (count: bigint): string =>
    Array.from({ length: sizeOf(count) }, () => alphabet[randomInt(alphabet.length)]).join('')

function sizeOf(count: bigint): number {
  if (count < 0n || count > BigInt(MAX_RANDOM)) throw new GoFault(`a count between 0 and ${MAX_RANDOM} is needed`)
  return Number(count)
}

function shuffle(text: string): string {
  const chars = [...text]
  for (let i = chars.length - 1; i > 0; i--) {
    const other = randomInt(i + 1)
    const char = chars[i]!
    chars[i] = chars[other]!
    chars[other] = char
  }
  return chars.join('')
}

/** Its result would be another one at each start, or need a network: keys, certificates and names do not belong into a template. */
const KEYS = 'a template makes no keys, certificates or look-ups: put the value into a settings file or the environment'
const REFUSED = [
  'buildCustomCert',
  'decryptAES',
  'derivePassword',
  'encryptAES',
  'genCA',
  'genCAWithKey',
  'genPrivateKey',
  'genSelfSignedCert',
  'genSelfSignedCertWithKey',
  'genSignedCert',
  'genSignedCertWithKey',
  'getHostByName'
]

export const ENCODINGS: FunctionTable = {
  ...Object.fromEntries(REFUSED.map(name => [name, refuse(KEYS)])),
  adler32sum: declare('string', adler32),
  b32dec: declare('string', fromBase32),
  b32enc: declare('string', base32),
  b64dec: declare('string', fromBase64),
  b64enc: declare('string', (text: string) => Buffer.from(text).toString('base64')),
  bcrypt: declare('string', bcryptHash),
  htpasswd: declare('string string', (user: string, password: string) =>
    user.includes(':') ? `invalid username: ${user}` : `${user}:${bcryptHash(password)}`
  ),
  randAlpha: declare('int', random(LETTERS)),
  randAlphaNum: declare('int', random(LETTERS + DIGITS)),
  randAscii: declare('int', random(ASCII)),
  randBytes: declare('int', (count: bigint) => randomBytes(sizeOf(count)).toString('base64')),
  randInt: declare('int int', (from: bigint, to: bigint) => {
    if (to <= from) throw new GoFault('invalid argument to Intn')
    return from + BigInt(randomInt(Number(to - from)))
  }),
  randNumeric: declare('int', random(DIGITS)),
  sha1sum: declare('string', hash('sha1')),
  sha256sum: declare('string', hash('sha256')),
  shuffle: declare('string', shuffle),
  uuidv4: declare('', () => randomUUID())
}
