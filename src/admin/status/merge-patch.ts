/** JSON Merge Patch (RFC 7396): what has changed from one object to the next, for a reader that has the first one. */

/** An object of JSON. Members that are undefined are absent. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Returns the patch that makes `next` of `old`; undefined when they are alike. Objects that are the same one are not looked into, and arrays are
 * replaced as a whole. No member of `next` is null: null removes.
 */
export function mergePatch(old: JsonObject, next: JsonObject): JsonObject | undefined {
  if (old === next) return undefined
  let patch: Record<string, unknown> | undefined
  const set = (name: string, value: unknown): void => {
    // without a prototype: a member may be named __proto__
    patch ??= Object.create(null) as Record<string, unknown>
    patch[name] = value
  }
  for (const name of Object.keys(next)) {
    const value = next[name]
    const before = Object.hasOwn(old, name) ? old[name] : undefined
    if (value === before || value === undefined) continue
    if (isObject(value) && isObject(before)) {
      const inner = mergePatch(before, value)
      if (inner !== undefined) set(name, inner)
    } else if (!isSameArray(before, value)) set(name, value)
  }
  for (const name of Object.keys(old)) {
    if (old[name] !== undefined && (!Object.hasOwn(next, name) || next[name] === undefined)) set(name, null)
  }
  return patch
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSameArray(before: unknown, value: unknown): boolean {
  return Array.isArray(before) && Array.isArray(value) && JSON.stringify(before) === JSON.stringify(value)
}
