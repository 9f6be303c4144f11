/** The `tls` of a connection: KrakenD's client TLS settings as `node:tls` takes them. Files are read once, when the gateway is built. */

import { readFileSync } from 'node:fs'
import { type ConnectionOptions, createSecureContext, rootCertificates, type SecureVersion } from 'node:tls'
import { cipherName, type OptionReader } from 'sluice/plugin'

export type TlsSettings = ConnectionOptions

const VERSIONS: Readonly<Record<string, SecureVersion>> = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' }

/** Curves by their registered numbers. */
const CURVES: Readonly<Record<number, string>> = { 23: 'P-256', 24: 'P-384', 25: 'P-521', 29: 'X25519' }

const version = (initial: string, description: string) => ({ type: 'string', default: initial, description }) as const
const numbers = (description: string) => ({ type: 'array', items: { type: 'integer' }, description }) as const

export const TLS_SCHEMA = {
  type: 'object',
  description: 'Encrypts the connection; an empty object is enough',
  properties: {
    allow_insecure_connections: { type: 'boolean', default: false, description: 'Accepts every certificate' },
    ca_certs: { type: 'array', items: { type: 'string' }, description: 'Files of authorities, in PEM' },
    disable_system_ca_pool: { type: 'boolean', default: false, description: 'Trusts `ca_certs` alone' },
    min_version: version('TLS12', 'TLS10, TLS11, TLS12 or TLS13'),
    max_version: version('TLS13', 'TLS10, TLS11, TLS12 or TLS13'),
    cipher_suites: numbers('Numbers of cipher suites, for TLS 1.2 and older'),
    curve_preferences: numbers('Numbers of curves: 23, 24, 25, 29'),
    client_certs: {
      type: 'array',
      description: 'Certificates of the gateway',
      items: {
        type: 'object',
        required: ['certificate', 'private_key'],
        properties: {
          certificate: { type: 'string', description: 'A file in PEM' },
          private_key: { type: 'string', description: 'A file in PEM' }
        },
        additionalProperties: false
      }
    }
  },
  additionalProperties: false
} as const

/** Reads the settings; a file that cannot be used stops the start. */
export function readTls(options: OptionReader, reads: (file: string) => void): TlsSettings {
  const read = (reader: OptionReader, pointer: string, file: string): string => {
    reads(file)
    return readPem(reader, pointer, file)
  }
  const own = options.texts('ca_certs').map((file, index) => read(options, `/ca_certs/${index}`, file))
  const pairs = options.has('client_certs') ? options.objects('client_certs') : []
  const settings: TlsSettings = {
    rejectUnauthorized: !options.flag('allow_insecure_connections'),
    minVersion: readVersion(options, 'min_version', 'TLSv1.2'),
    maxVersion: readVersion(options, 'max_version', 'TLSv1.3'),
    ...named('ciphers', options, 'cipher_suites', cipherName),
    ...named('ecdhCurve', options, 'curve_preferences', number => CURVES[number])
  }
  if (options.flag('disable_system_ca_pool')) settings.ca = own
  else if (own.length > 0) settings.ca = [...rootCertificates, ...own]
  if (pairs.length > 0) {
    settings.cert = pairs.map(pair => read(pair, '/certificate', pair.text('certificate')))
    settings.key = pairs.map(pair => read(pair, '/private_key', pair.text('private_key')))
  }
  try {
    createSecureContext(settings)
  } catch (cause) {
    options.fail('', `the certificates cannot be used: ${(cause as Error).message}`)
  }
  return settings
}

function readVersion(options: OptionReader, key: string, absent: SecureVersion): SecureVersion {
  const text = options.text(key)
  if (text === '') return absent
  return VERSIONS[text.toUpperCase()] ?? options.fail(`/${key}`, `unknown version '${text}': TLS10, TLS11, TLS12 and TLS13 exist`)
}

function named(
  setting: 'ciphers' | 'ecdhCurve',
  options: OptionReader,
  key: string,
  nameOf: (number: number) => string | undefined
): TlsSettings {
  const numbers = options.integers(key)
  if (numbers.length === 0) return {}
  const names = numbers.map((number, index) => nameOf(number) ?? options.fail(`/${key}/${index}`, `${number} is not known`))
  return { [setting]: names.join(':') }
}

function readPem(options: OptionReader, pointer: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    return options.fail(pointer, `cannot be read: ${(cause as Error).message}`)
  }
}
