/** `unevaluatedProperties` and `unevaluatedItems`: about what no other keyword has looked at. */

import type { Check } from '../node.js'
import type { SchemaReader } from '../schema-reader.js'

export function unevaluatedChecks(reader: SchemaReader): Check[] {
  const checks: Check[] = []
  const properties = reader.optional('unevaluatedProperties')
  if (properties !== undefined) {
    checks.push((value, run, seen) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return true
      let ok = true
      for (const name of Object.keys(value)) {
        if (seen!.hasProperty(name)) continue
        if (run.evaluateMember(properties, value, name, (value as Record<string, unknown>)[name])) continue
        ok = false
        if (run.quiet) break
      }
      seen!.addEveryProperty()
      return ok
    })
  }
  const items = reader.optional('unevaluatedItems')
  if (items !== undefined) {
    checks.push((value, run, seen) => {
      if (!Array.isArray(value)) return true
      let ok = true
      for (let i = 0; i < value.length; i++) {
        if (seen!.hasItem(i) || run.evaluateMember(items, value, i, value[i])) continue
        ok = false
        if (run.quiet) break
      }
      seen!.addEveryItem()
      return ok
    })
  }
  return checks
}
