/** The options by which the validator and the signer say where their keys are; one key source for all that say the same. */

import { rootCertificates } from 'node:tls'
import type * as Jose from 'jose'
import type { ComponentContext, OptionReader } from 'sluice/plugin'
import { readRegularFile } from '../regular-file.js'
import { KeySet } from './key-set.js'
import { FixedKeys, type KeySource, RemoteKeys } from './key-source.js'
import { SmallFetch } from './small-fetch.js'
import { parsePin, selectCiphers } from './tls-rules.js'

/** JSON Schema of {@link openKeySource}'s options. */
export const KEY_SOURCE_PROPERTIES = {
  jwk_url: { type: 'string', description: 'URL of the JSON Web Key Set; https unless disable_jwk_security is set' },
  jwk_local_path: { type: 'string', description: 'File with the JSON Web Key Set, read at start; wins over jwk_url' },
  disable_jwk_security: {
    type: 'boolean',
    default: false,
    description: 'Takes keys over plain http and from servers whose certificate no authority has signed'
  },
  jwk_fingerprints: {
    type: 'array',
    items: { type: 'string' },
    description: 'Base64 SHA-256 of public keys (SPKI); the key server or an authority above it must have one of them'
  },
  jwk_local_ca: {
    type: 'string',
    description: 'PEM file of an authority that may vouch for the key server, besides the known ones'
  },
  cipher_suites: {
    type: 'array',
    items: { type: 'integer' },
    description: 'TLS 1.2 suites for the key server, by registered number; default: the modern ones with forward secrecy'
  },
  secret_url: { type: 'string', description: 'Encrypted key files are not supported: a value stops the start' },
  cypher_key: { type: 'string', description: 'Encrypted key files are not supported: a value stops the start' }
} as const

/** ms; a key server that takes longer has no keys. */
const FETCH_MS = 5000
/** bytes */
const MOST_BYTES = 1024 * 1024

/** Times of the cache. */
export interface KeyTimes {
  readonly maxAgeMs: number
  readonly missCooldownMs: number
}

/** Opens, or finds again, the keys that the options name. Stops the start for what cannot be honoured. */
export async function openKeySource(
  options: OptionReader,
  times: KeyTimes,
  context: ComponentContext,
  tag: string
): Promise<KeySource> {
  for (const key of ['secret_url', 'cypher_key'])
    if (options.has(key)) context.fail(`/${key}`, 'encrypted key files are not supported; use jwk_url or a plain jwk_local_path')
  const jose = await import('jose')
  const path = options.text('jwk_local_path')
  if (path !== '') return shared(context, `file ${path}`, async () => new FixedKeys(await readKeys(jose, path, context)))
  const url = options.text('jwk_url')
  if (url === '') context.fail('', 'no keys: give jwk_url or jwk_local_path')
  const insecure = options.flag('disable_jwk_security')
  checkUrl(url, insecure, context)
  const pins = readPins(options, context)
  if (pins.size > 0 && new URL(url).protocol !== 'https:')
    context.fail('/jwk_fingerprints', 'a server without TLS shows no key: use https')
  const caPath = options.text('jwk_local_ca')
  const suites = options.integers('cipher_suites')
  const { maxAgeMs, missCooldownMs } = times
  const identity = JSON.stringify([url, insecure, [...pins], caPath, suites, maxAgeMs, missCooldownMs])
  return shared(context, `url ${identity}`, async () => {
    if (insecure)
      context.logger.warning(`${tag} disable_jwk_security: an attacker between gateway and key server can put in keys`)
    const ca = caPath === '' ? '' : await readCa(caPath, context)
    const ciphers = readCiphers(suites, context, tag)
    // the set that was fetched is kept over a new configuration
    return context.keep(`auth/keys ${identity} ${ca}`, logger => {
      const fetch = new SmallFetch({
        timeoutMs: FETCH_MS,
        maxBytes: MOST_BYTES,
        redirects: 3,
        insecure,
        ...(ca === '' ? {} : { ca: [...rootCertificates, ca] }),
        ciphers,
        pins,
        env: context.service.env
      })
      const onFailure = (error: Error): void => logger.error(`[SERVICE: JOSE] ${error.message}`)
      return new RemoteKeys({ jose, url, fetch, maxAgeMs, missCooldownMs, onFailure, now: () => performance.now() })
    })
  })
}

/** One source per gateway for the same keys fetched the same way. */
async function shared(context: ComponentContext, name: string, open: () => Promise<KeySource>): Promise<KeySource> {
  const key = `auth/keys ${name}`
  const known = context.shared.get(key) as KeySource | undefined
  if (known !== undefined) return known
  const source = await open()
  context.shared.set(key, source)
  return source
}

function checkUrl(url: string, insecure: boolean, context: ComponentContext): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol === 'https:' || (protocol === 'http:' && insecure)) return
  if (protocol === 'http:')
    context.fail('/jwk_url', 'JWK client is using an insecure connection to the JWK service; use https or disable_jwk_security')
  context.fail('/jwk_url', 'not an http or https URL: write it like `https://auth.example/.well-known/jwks.json`')
}

function readPins(options: OptionReader, context: ComponentContext): ReadonlySet<string> {
  const pins = options.texts('jwk_fingerprints').map((text, i) => {
    return parsePin(text) ?? context.fail(`/jwk_fingerprints/${i}`, 'not the base64 of a SHA-256')
  })
  return new Set(pins)
}

function readCiphers(numbers: readonly number[], context: ComponentContext, tag: string): string {
  const { ciphers, broken, unknown } = selectCiphers(numbers)
  if (unknown.length > 0) context.fail('/cipher_suites', `no cipher suite has the number ${unknown.join(', ')}`)
  if (broken.length > 0) {
    if (broken.length === numbers.length) context.fail('/cipher_suites', 'only suites with broken ciphers (RC4, 3DES)')
    context.logger.warning(`${tag} cipher_suites: ${broken.join(', ')} (RC4, 3DES) are left out`)
  }
  return ciphers
}

const readText = async (path: string): Promise<string> => (await readRegularFile(path)).toString('utf8')

async function readCa(path: string, context: ComponentContext): Promise<string> {
  context.reads(path)
  const text = await readText(path).catch((cause: Error) => context.fail('/jwk_local_ca', cause.message))
  return text.includes('-----BEGIN CERTIFICATE-----') ? text : context.fail('/jwk_local_ca', `no certificate in ${path}`)
}

async function readKeys(jose: typeof Jose, path: string, context: ComponentContext): Promise<KeySet> {
  context.reads(path)
  const text = await readText(path).catch((cause: Error) => context.fail('/jwk_local_path', cause.message))
  try {
    return KeySet.parse(jose, text)
  } catch (cause) {
    // a JSON error's own message quotes the text, which holds keys
    const why = cause instanceof SyntaxError ? 'not JSON' : (cause as Error).message
    return context.fail('/jwk_local_path', `${path}: ${why}`)
  }
}
