/** Finds equal items of an array in one walk, by a text that equal JSON values share. */

/** Answers the indexes of the first two equal items; undefined when all differ. */
export function firstRepeat(items: readonly unknown[]): readonly [first: number, second: number] | undefined {
  const seen = new Map<string, number>()
  for (let i = 0; i < items.length; i++) {
    const text = canonicalText(items[i])
    const before = seen.get(text)
    if (before !== undefined) return [before, i]
    seen.set(text, i)
  }
  return undefined
}

/** JSON with sorted keys. */
function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map(key => `${JSON.stringify(key)}:${canonicalText((value as Record<string, unknown>)[key])}`).join(',')}}`
}
