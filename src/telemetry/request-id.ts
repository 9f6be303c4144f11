/** Ids of exchanges: what the access log prints and `X-Request-Id` carries. */

import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
const pool = Buffer.allocUnsafe(ID_BYTES * 256)
let used = pool.length

/** Makes an id of 32 hexadecimal digits from 128 random bits; the random bytes are fetched for 256 ids at a time. */
export function requestId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const start = used
  used = start + ID_BYTES
  return pool.toString('hex', start, used)
}

const MAX_ID_LENGTH = 128

/** Returns true when an id that a peer sent may be taken over: 1 to 128 of `A-Z a-z 0-9 - _ . : + / = @`, so that it is safe in logs and fields. */
export function validRequestId(text: string): boolean {
  const length = text.length
  if (length === 0 || length > MAX_ID_LENGTH) return false
  for (let i = 0; i < length; i++) if (ID_CHARS[text.charCodeAt(i)] !== 1) return false
  return true
}

const ID_CHARS = new Uint8Array(128)
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:+/=@') ID_CHARS[c.charCodeAt(0)] = 1
