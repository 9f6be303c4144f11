/** Most keys of one part. A Map of a million keys copies them all in one step when it grows: some 0.1 s. */
const PART = 32 * 1024

/** Bits of the filter that tells most new keys from known ones. */
const FILTER_BITS = 2 ** 24

/** A Map for very many keys, in their order, made of several Maps. It never copies more than {@link PART} keys at once. */
export class WideMap<V> extends Map<string, V> {
  private readonly parts: Map<string, V>[] = [new Map()]
  /** Bits of the keys' hashes, once there are several parts: a key without its bit is in none of them. */
  private filter: Uint8Array | undefined

  override get size(): number {
    return this.parts.reduce((sum, part) => sum + part.size, 0)
  }

  override get(key: string): V | undefined {
    return this.partOf(key)?.get(key)
  }

  override has(key: string): boolean {
    return this.partOf(key) !== undefined
  }

  override set(key: string, value: V): this {
    const known = this.partOf(key)
    if (known !== undefined) {
      known.set(key, value)
      return this
    }
    let last = this.parts.at(-1)!
    if (last.size >= PART) {
      if (this.filter === undefined) for (const one of last.keys()) this.note(one)
      last = new Map()
      this.parts.push(last)
    }
    last.set(key, value)
    if (this.filter !== undefined) this.note(key)
    return this
  }

  override delete(key: string): boolean {
    return this.partOf(key)?.delete(key) ?? false
  }

  override clear(): void {
    this.parts.splice(0, this.parts.length, new Map())
    this.filter = undefined
  }

  override *entries(): MapIterator<[string, V]> {
    for (const part of this.parts) yield* part
  }

  override *keys(): MapIterator<string> {
    for (const part of this.parts) yield* part.keys()
  }

  override *values(): MapIterator<V> {
    for (const part of this.parts) yield* part.values()
  }

  override forEach(visit: (value: V, key: string, map: Map<string, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }

  override [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries()
  }

  private partOf(key: string): Map<string, V> | undefined {
    const { filter } = this
    if (filter !== undefined) {
      const bit = bitOf(key)
      if ((filter[bit >>> 3]! & (1 << (bit & 7))) === 0) return undefined
    }
    for (const part of this.parts) if (part.has(key)) return part
    return undefined
  }

  private note(key: string): void {
    this.filter ??= new Uint8Array(FILTER_BITS / 8)
    const bit = bitOf(key)
    this.filter[bit >>> 3]! |= 1 << (bit & 7)
  }
}

function bitOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 15)) & (FILTER_BITS - 1)
}
