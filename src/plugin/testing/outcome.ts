/** Judges what a client of the test kit saw: a whole response, a visibly broken one, or a part that passes for the whole. */

import { brotliDecompressSync, gunzipSync, inflateSync, constants as zlib } from 'node:zlib'
import type { ClientOutcome } from './client.js'

/** True for what a deadline that was over leaves: a failure of the gateway, or a part of a response. */
export function hasFailed({ whole, status }: ClientOutcome): boolean {
  return !whole || status === 500
}

/** True when a response is broken, or a failure of the gateway, where it should not be. */
export function unlike(again: ClientOutcome, normal: ClientOutcome): boolean {
  return normal.whole && hasFailed(again) && (!again.whole || normal.status < 500)
}

const COMPLETED = 'x-krakend-completed'

/** True for a part of the normal response that a client takes for the whole. */
export function looksWhole(got: ClientOutcome, normal: ClientOutcome): boolean {
  if (!got.whole || !normal.whole || got.status !== normal.status) return false
  if (got.headers[COMPLETED] === 'false' && normal.headers[COMPLETED] === 'true') return false // it says so
  const part = plain(got)
  const all = plain(normal)
  if (part.length >= all.length) return false
  let same = 0
  while (same < part.length && part[same] === all[same]) same++
  return part.length === 0 || same * 2 > part.length // what was added at its end may differ
}

/** The body without its coding, as far as it goes. */
function plain({ headers, body }: ClientOutcome): Buffer {
  try {
    switch (headers['content-encoding']) {
      case 'gzip':
        return gunzipSync(body, { finishFlush: zlib.Z_SYNC_FLUSH })
      case 'deflate':
        return inflateSync(body, { finishFlush: zlib.Z_SYNC_FLUSH })
      case 'br':
        return brotliDecompressSync(body, { finishFlush: zlib.BROTLI_OPERATION_FLUSH })
    }
  } catch {
    // compared as it came
  }
  return body
}
