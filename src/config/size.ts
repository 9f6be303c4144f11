/** Sizes as people write them. */

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3]
])

/** Returns bytes: of a whole number, or of a text such as `512MB`, `64 KiB`. Undefined for anything else. */
export function parseSize(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  const [, digits, unit] = (typeof value === 'string' && /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(value.trim())) || []
  const factor = UNITS.get(unit?.toLowerCase() ?? '-')
  const bytes = Number(digits) * (factor ?? Number.NaN)
  return Number.isFinite(bytes) ? Math.round(bytes) : undefined
}

/** Writes bytes for people, without loss: `10 MiB`, `1500 bytes`. */
export function sizeText(bytes: number): string {
  if (bytes > 0 && bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2} MiB`
  return bytes > 0 && bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`
}
