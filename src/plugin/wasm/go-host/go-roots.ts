/** The root certificates that `crypto/tls` of a Go module trusts: those of Node, as the gateway's own connections do. */

import { readFileSync } from 'node:fs'
import tls from 'node:tls'

/** Node 22.15 and later. */
interface NewerTls {
  getCACertificates?(kind: 'default'): string[]
}

/** Returns PEM. Called when a module verifies its first certificate. */
export function rootCertificates(extraFile = process.env.NODE_EXTRA_CA_CERTS): Buffer {
  const own = (tls as NewerTls).getCACertificates?.('default') ?? tls.rootCertificates
  return Buffer.from([...own, extraCertificates(extraFile)].join('\n'))
}

/** A file that cannot be read is left out: Node has warned of it at its start. */
function extraCertificates(file: string | undefined): string {
  if (file === undefined || file === '') return ''
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
