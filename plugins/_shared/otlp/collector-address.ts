/** Where a collector is, and how it is spoken to. */

import type { ConnectionOptions } from 'node:tls'

export interface CollectorAddress {
  readonly host: string
  readonly port: number
  /** Undefined = plain. */
  readonly tls: ConnectionOptions | undefined
  /** Fields of every request. */
  readonly headers: Readonly<Record<string, string>>
  readonly userAgent: string
  /** Requests are compressed. */
  readonly gzip: boolean
}

/** A host of the configuration, taken apart. */
export interface CollectorHost {
  readonly host: string
  readonly secure: boolean
}

const HOST =
  /^(?<scheme>https?:\/\/)?(?:\[(?<six>[0-9a-fA-F:.%]+)\]|(?<name>[^\s/:?#@[\]]+|[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*))\/?$/

/** Reads `localhost`, `::1`, `http://name` or `https://name`; undefined when it is none of them. */
export function parseCollectorHost(text: string): CollectorHost | undefined {
  const groups = HOST.exec(text)?.groups
  if (groups === undefined) return undefined
  return { host: (groups.six ?? groups.name)!, secure: groups.scheme === 'https://' }
}
