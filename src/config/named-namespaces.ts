import { LONG_NAMES } from './namespaces.js'

/** Returns which of the namespaces an object anywhere in a document has as a key, also by its long name. A key that means something else counts too. */
export function namedNamespaces(document: unknown, namespaces: ReadonlySet<string>): ReadonlySet<string> {
  const named = new Set<string>()
  const left = [document]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value !== 'object' || value === null) continue
    if (!Array.isArray(value)) {
      for (const key in value) {
        const namespace = LONG_NAMES.get(key) ?? key
        if (namespaces.has(namespace)) named.add(namespace)
      }
    }
    for (const inner of Object.values(value)) if (typeof inner === 'object') left.push(inner)
  }
  return named
}
