import type { Buffer } from 'node:buffer'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** Compresses a request outside of the main thread. */
export const packed: (bytes: Buffer) => Promise<Buffer> = promisify(gzip)
