import type { Claims } from './claims.js'

/** Bytes in the heap of V8, as measured. Names of members that no other token has are the expensive ones: they count for all. */
const OBJECT_BYTES = 72
const MEMBER_BYTES = 80
const LIST_BYTES = 48
const ITEM_BYTES = 8
const TEXT_BYTES = 24
const NUMBER_BYTES = 16

/**
 * Freezes claims with all that is in them: requests share them, and none may change what another one sees.
 * @returns bytes that they take in memory, rather too many than too few
 */
export function freezeClaims(claims: Claims): number {
  let bytes = 0
  // a list of work instead of calls: claims may be nested as deeply as a token is long
  const open: unknown[] = [claims]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === 'string') bytes += textBytes(value)
    else if (typeof value === 'number') bytes += NUMBER_BYTES
    if (typeof value !== 'object' || value === null) continue
    Object.freeze(value)
    if (Array.isArray(value)) {
      bytes += LIST_BYTES + value.length * ITEM_BYTES
      for (const item of value) open.push(item)
    } else {
      bytes += OBJECT_BYTES
      for (const [name, member] of Object.entries(value)) {
        bytes += MEMBER_BYTES + name.length
        open.push(member)
      }
    }
  }
  return bytes
}

/** V8 takes two bytes for each character where one of them is beyond Latin-1. */
function textBytes(text: string): number {
  return TEXT_BYTES + (/[^\0-\xff]/.test(text) ? 2 * text.length : text.length)
}
