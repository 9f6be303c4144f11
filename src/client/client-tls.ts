import { createSecureContext, rootCertificates, type SecureContextOptions } from 'node:tls'
import type { ClientTlsConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import { readFault } from '../files/read-fault.js'
import { readWholeSync } from '../files/read-whole.js'
import { cipherList, curveList } from '../http/tls-names.js'

/** The TLS options of a connection that a backend gets; the certificate is verified unless the configuration says otherwise. */
export interface UpstreamTlsOptions extends SecureContextOptions {
  rejectUnauthorized?: boolean
}

/**
 * Maps `client_tls` (and the root's `allow_insecure_connections`) to Node's options; files are read here, at boot.
 * Without it: TLS 1.2 or better, Node's own authorities.
 * @throws GatewayError SLUICE_ERR_CONFIG_INVALID naming the file that cannot be read
 */
export function clientTlsOptions(config: ClientTlsConfig | undefined): UpstreamTlsOptions {
  if (config === undefined) return { minVersion: 'TLSv1.2' }
  const own = config.caCerts.map(file => read(file, 'client_tls.ca_certs'))
  const options: UpstreamTlsOptions = {
    minVersion: config.minVersion,
    maxVersion: config.maxVersion,
    ciphers: cipherList(config.cipherSuites),
    ecdhCurve: curveList(config.curvePreferences),
    rejectUnauthorized: !config.allowInsecureConnections
  }
  if (config.disableSystemCaPool) options.ca = own
  else if (own.length > 0) options.ca = [...rootCertificates, ...own]
  if (config.clientCerts.length > 0) {
    options.cert = config.clientCerts.map(pair => read(pair.certificate, 'client_tls.client_certs'))
    options.key = config.clientCerts.map(pair => read(pair.privateKey, 'client_tls.client_certs'))
  }
  return options
}

/** Returns why the `client_tls` of the object at `pointer` cannot be used, an empty list when it can. */
export function clientTlsFaults(
  config: ClientTlsConfig | undefined,
  pointer: string
): readonly { readonly pointer: string; readonly message: string }[] {
  try {
    if (config !== undefined) createSecureContext(clientTlsOptions(config))
    return []
  } catch (cause) {
    return [{ pointer: `${pointer}/client_tls`, message: (cause as Error).message }]
  }
}

function read(file: string, key: string): string {
  try {
    return readWholeSync(file).toString('utf8')
  } catch (cause) {
    throw new GatewayError('SLUICE_ERR_CONFIG_INVALID', {
      message: `${key}: open ${file}: ${readFault(cause)}`,
      cause
    })
  }
}
