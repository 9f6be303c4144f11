/** Applies a JSON Merge Patch (RFC 7396) to an object, in place. Objects that change are new ones, so that a row that is the same object has not changed. */
export function merged(target, patch) {
  const next = Object.assign(Object.create(null), target)
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete next[name]
    else if (typeof value === 'object' && !Array.isArray(value)) next[name] = merged(next[name], value)
    else next[name] = value
  }
  return next
}
