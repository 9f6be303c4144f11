/** Longest time of a timer, ms; nothing that is counted here needs more either. */
const LARGEST = 2 ** 31 - 1

/** Returns a variable of OpenTelemetry's SDKs that is a whole number from 1; `absent` for all else, as its specification wants. */
export function envNumber(env: Readonly<Record<string, string | undefined>>, name: string, absent: number): number {
  const text = env[name]?.trim() ?? ''
  const value = /^\d+$/.test(text) ? Number(text) : 0
  return value > 0 ? Math.min(value, LARGEST) : absent
}
