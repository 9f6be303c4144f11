/** Entity tags and their comparison (RFC 9110 §8.8.3, §13.1.2). */

import { createHash } from 'node:crypto'

/** The tag of a body: 160 bits of its SHA-256 in base64url. */
export function entityTag(bytes: Uint8Array, weak: boolean): string {
  const hash = createHash('sha256').update(bytes).digest().subarray(0, 20).toString('base64url')
  return weak ? `W/"${hash}"` : `"${hash}"`
}

/** Returns true when If-None-Match names the tag, compared weakly. A field that is no list of tags names nothing. */
export function noneMatchNames(field: string, tag: string): boolean {
  if (field.trim() === '*') return true
  const wanted = opaque(tag)
  TAGS.lastIndex = 0
  for (;;) {
    const start = TAGS.lastIndex
    const found = TAGS.exec(field)
    if (found === null || found.index !== start) return false
    if (found[1] === wanted) return true
  }
}

/** One tag, with what separates it from the one before. */
const TAGS = /[\s,]*(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?=,|$)/g

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}
