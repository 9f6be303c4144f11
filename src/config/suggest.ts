/** "Did you mean …?": the nearest known word, for people who mistyped one. */

/** Counts the edits (insert, delete, replace, swap of neighbours) between two words. */
export function editDistance(a: string, b: string): number {
  let older: number[] = []
  let before = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let least = Math.min(before[j]! + 1, row[j - 1]! + 1, before[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, older[j - 2]! + 1)
      row.push(least)
    }
    older = before
    before = row
  }
  return before[b.length]!
}

/** Returns a word without case and separators, the form in which words are compared. */
export function lettersOf(word: string): string {
  return word.toLowerCase().replace(/[-_ ./]/g, '')
}

/** Returns the known word nearest to `word`, or undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = lettersOf(word)
  const limit = Math.max(1, Math.floor(wanted.length / 3))
  let best: string | undefined
  let bestDistance = limit + 1
  for (const candidate of known) {
    const text = lettersOf(candidate)
    if (Math.abs(text.length - wanted.length) >= bestDistance) continue
    const d = editDistance(wanted, text)
    if (d < bestDistance) {
      best = candidate
      bestDistance = d
    }
  }
  return best
}

/** Formats {@link nearest} as a suggestion; undefined when none is near. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  const best = nearest(word, known)
  return best === undefined ? undefined : `did you mean \`${best}\`?`
}
