/** What workers tell each other of revocations: elements, or a whole filter. */

import { marshal, unmarshal } from './marshalled.js'
import type { SlidingFilter } from './sliding-filter.js'

const ELEMENTS = 0
const FILTER = 1

/** Writes elements, each behind its length. */
export function elementsMessage(elements: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [Buffer.of(ELEMENTS)]
  for (const element of elements) {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(element.length)
    parts.push(length, element)
  }
  return Buffer.concat(parts)
}

/** Wraps a filter as {@link marshal} writes it. */
export function filterMessage(marshalled: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(FILTER), marshalled])
}

/** Writes all that a filter holds. */
export async function snapshotMessage(filter: SlidingFilter, ttlSeconds: number): Promise<Buffer> {
  return filterMessage(await marshal(filter, ttlSeconds))
}

/** Adds what a message holds. @rejects UnionRefused for a filter of another form */
export async function applyMessage(message: Uint8Array, filter: SlidingFilter): Promise<void> {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.length)
  if (bytes[0] === FILTER) await filter.unite(await unmarshal(bytes.subarray(1), filter))
  else await filter.addAll(readElements(bytes))
}

function readElements(bytes: Buffer): Uint8Array[] {
  const elements: Uint8Array[] = []
  for (let at = 1; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at)
    elements.push(bytes.subarray(at + 4, end))
    at = end
  }
  return elements
}
