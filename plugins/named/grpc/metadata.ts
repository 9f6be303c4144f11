/** HTTP fields ↔ gRPC metadata. */

import type { Metadata } from '@grpc/grpc-js'
import type { HeaderMap } from 'sluice/plugin'

/** Fields of the HTTP exchange itself, or which gRPC sets. */
const NOT_METADATA: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'te',
  'transfer-encoding',
  'upgrade',
  'user-agent'
])

/** Copies the fields that are sent as metadata. `names` (lower case) limits them; undefined = all but those of HTTP itself. */
export function addMetadata(metadata: Metadata, headers: HeaderMap, names: ReadonlySet<string> | undefined): void {
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    if (NOT_METADATA.has(key) || key.startsWith('grpc-') || (names !== undefined && !names.has(key))) continue
    try {
      metadata.add(key, key.endsWith('-bin') ? Buffer.from(value, 'base64') : value)
    } catch {
      // what is legal in HTTP and not in metadata cannot be sent on
    }
  }
}

/** Puts fields that the gateway sends by itself in place of the client's. @param fields names and values in turn */
export function setMetadata(metadata: Metadata, fields: readonly string[]): void {
  for (let i = 0; i < fields.length; i += 2) metadata.set(fields[i]!.toLowerCase(), fields[i + 1]!)
}

/** Copies the named entries of a response's metadata to its fields. */
export function copyToHeaders(metadata: Metadata, names: readonly string[], headers: HeaderMap): void {
  for (const name of names) {
    for (const value of metadata.get(name)) headers.append(name, typeof value === 'string' ? value : value.toString('base64'))
  }
}
