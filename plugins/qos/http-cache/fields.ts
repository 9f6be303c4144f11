/** All values of a field, joined by commas; undefined = none. `name` is lower-case. */
export function fieldValue(fields: readonly string[], name: string): string | undefined {
  let found: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.toLowerCase() === name) found = found === undefined ? fields[i + 1]! : `${found}, ${fields[i + 1]!}`
  }
  return found
}
