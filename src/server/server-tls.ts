/** TLS of the listener: files are read and proved to fit before the port opens; certificates are chosen by server name. */

import { constants, createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, rootCertificates, type SecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'
import type { ServerTlsConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import { readFault } from '../files/read-fault.js'
import { readWhole } from '../files/read-whole.js'
import { cipherList, curveList } from '../http/tls-names.js'
import type { CertificateFacts } from '../telemetry/gateway-state.js'

/** What the files of `tls` hold. */
export interface LoadedTls {
  /** Options of a TLS server, and of a secure context. */
  readonly options: TlsOptions
  /** Returns the certificate for a server name; undefined where there is one alone. */
  readonly choose: ((name: string) => SecureContext) | undefined
  /** In the order of `keys`. */
  readonly certificates: readonly CertificateFacts[]
}

/**
 * Reads the files of `tls`: the options of a TLS server, and what they hold.
 * @throws GatewayError SLUICE_ERR_CONFIG_LISTEN, with the file's name, for what is missing, broken or does not fit together
 */
export async function loadTls(config: ServerTlsConfig): Promise<LoadedTls> {
  if (config.keys.length === 0) throw badTls('public key not defined')
  const shared = sharedOptions(config)
  const pairs: { context: SecureContext; certificate: X509Certificate; pem: { cert: Buffer; key: Buffer } }[] = []
  for (const pair of config.keys) {
    const { publicKey, privateKey } = pair
    if (publicKey === '') throw badTls('public key not defined')
    if (privateKey === '') throw badTls('private key not defined')
    const pem = { cert: await readPem(publicKey), key: await readPem(privateKey) }
    const certificate = parse(publicKey, () => new X509Certificate(pem.cert))
    const context = makeContext({ ...shared, ...pem }, cause => faultOfPair(pair, pem, cause))
    pairs.push({ context, certificate, pem })
  }
  const options: TlsOptions = { ...shared, ...pairs[0]!.pem, honorCipherOrder: true }
  if (config.enableMtls) {
    const own = await Promise.all(config.caCerts.map(readPem))
    const ca = [...(config.disableSystemCaPool ? [] : rootCertificates), ...own, ...pairs.map(p => p.pem.cert)]
    parse(config.caCerts.join(', ') || 'ca_certs', () => createSecureContext({ ca }))
    Object.assign(options, { ca, requestCert: true, rejectUnauthorized: true })
    for (const pair of pairs) pair.context = createSecureContext({ ...shared, ...pair.pem, ca })
  }
  const certificates = pairs.map(({ certificate }, index) => factsOf(config.keys[index]!.publicKey, certificate))
  return { options, choose: pairs.length > 1 ? compileChoice(pairs) : undefined, certificates }
}

/** A reason for which no connection could be encrypted, and the key of the configuration that causes it. */
export interface TlsFault {
  readonly pointer: string
  readonly message: string
}

/** Returns all faults for which {@link loadTls} would fail; an empty list when there is none. */
export async function serverTlsFaults(config: ServerTlsConfig): Promise<readonly TlsFault[]> {
  const faults: TlsFault[] = []
  const note =
    (pointer: string) =>
    (cause: Error): void => {
      faults.push({ pointer, message: cause.message })
    }
  for (const pair of config.keys) {
    const { publicKey, privateKey, pointer = '/tls' } = pair
    const before = faults.length
    if (publicKey !== '') await readPem(publicKey).catch(note(`${pointer}/public_key`))
    if (privateKey !== '') await readPem(privateKey).catch(note(`${pointer}/private_key`))
    if (faults.length > before || publicKey === '' || privateKey === '') continue
    await loadTls({ ...config, keys: [pair], enableMtls: false }).catch(note(pointer))
  }
  if (config.enableMtls) {
    for (const [index, file] of config.caCerts.entries()) await readPem(file).catch(note(`/tls/ca_certs/${index}`))
  }
  if (faults.length === 0 && config.enableMtls && config.keys.length > 0) await loadTls(config).catch(note('/tls/ca_certs'))
  return faults
}

function sharedOptions(config: ServerTlsConfig): SecureContextOptions {
  const old = config.minVersion === 'TLSv1' || config.minVersion === 'TLSv1.1'
  try {
    return {
      minVersion: config.minVersion,
      maxVersion: config.maxVersion,
      // OpenSSL 3 speaks TLS below 1.2 at security level 0 only.
      ciphers: cipherList(config.cipherSuites) + (old ? ':@SECLEVEL=0' : ''),
      ecdhCurve: curveList(config.curvePreferences),
      // RFC 6066 §3: a TLS 1.2 session must not resume under another server name, which OpenSSL does not compare; 1.3 has no such rule
      ...(config.minVersion === 'TLSv1.3' ? {} : { secureOptions: constants.SSL_OP_NO_TICKET })
    }
  } catch (cause) {
    throw badTls((cause as Error).message, cause)
  }
}

/** Chooses by the names of the certificates, exact before wildcard; the first pair when none fits, as Go does. */
function compileChoice(
  pairs: readonly { context: SecureContext; certificate: X509Certificate }[]
): (name: string) => SecureContext {
  const exact = new Map<string, SecureContext>()
  const wildcard = new Map<string, SecureContext>()
  for (const { context, certificate } of pairs) {
    for (const name of namesOf(certificate)) {
      const table = name.startsWith('*.') ? wildcard : exact
      const key = name.startsWith('*.') ? name.slice(2) : name
      if (!table.has(key)) table.set(key, context)
    }
  }
  const first = pairs[0]!.context
  return serverName => {
    const name = serverName.toLowerCase()
    return exact.get(name) ?? wildcard.get(name.slice(name.indexOf('.') + 1)) ?? first
  }
}

function factsOf(file: string, certificate: X509Certificate): CertificateFacts {
  return { file, names: namesOf(certificate), notAfter: Date.parse(certificate.validTo) }
}

/** DNS names of a certificate, lower-case; the common name when it has no alternative names. */
function namesOf(certificate: X509Certificate): string[] {
  const names = (certificate.subjectAltName ?? '').split(', ').filter(entry => entry.startsWith('DNS:'))
  if (names.length > 0) return names.map(entry => entry.slice(4).toLowerCase())
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1]
  return common === undefined ? [] : [common.toLowerCase()]
}

async function readPem(file: string): Promise<Buffer> {
  try {
    return await readWhole(file)
  } catch (cause) {
    throw badTls(`open ${file}: ${readFault(cause)}`, cause)
  }
}

function parse<T>(files: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw badTls(`${files}: ${(cause as Error).message}`, cause)
  }
}

function makeContext(options: SecureContextOptions, faultOf: (cause: Error) => string): SecureContext {
  try {
    return createSecureContext(options)
  } catch (cause) {
    throw badTls(faultOf(cause as Error), cause)
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/** Says what is wrong with a certificate and its key; OpenSSL does not tell the frequent mistakes. */
function faultOfPair(
  { publicKey, privateKey }: ServerTlsConfig['keys'][number],
  pem: { cert: Buffer; key: Buffer },
  cause: Error
): string {
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem.key.toString('latin1')))
    return `${privateKey}: the private key is encrypted, and there is no passphrase for it`
  const [, ...others] = pem.cert.toString('latin1').match(CERTIFICATE) ?? []
  if (others.some(text => fits(text, pem.key)))
    return `${publicKey}: the certificate of the server has to stand first, those of its authorities behind it`
  return `${publicKey} with ${privateKey}: ${cause.message}`
}

function fits(certificate: string, key: Buffer): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

function badTls(message: string, cause?: unknown): GatewayError {
  return new GatewayError('SLUICE_ERR_CONFIG_LISTEN', { message: `tls: ${message}`, cause })
}
