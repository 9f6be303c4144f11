/** The kinds of JSON values that keywords are about; indexes of `Node.checks`. */
export const OTHER = 0
export const NUMBER = 1
export const STRING = 2
export const ARRAY = 3
export const OBJECT = 4

export function kindOf(value: unknown): number {
  if (typeof value === 'string') return STRING
  if (typeof value === 'number') return NUMBER
  if (typeof value !== 'object' || value === null) return OTHER
  return Array.isArray(value) ? ARRAY : OBJECT
}
