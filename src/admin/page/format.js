// Numbers, times and names as the status page shows them.

const grouped = new Intl.NumberFormat('en')

export const count = value => (value === undefined ? '' : grouped.format(value))
export const rate = value => (value === undefined ? '' : value >= 100 ? count(Math.round(value)) : value.toFixed(1))
export const ms = value => (value === undefined ? '–' : String(Number(value.toPrecision(3))))
export const percent = share => `${(100 * share).toFixed(0)} %`
/** A number of any kind: whole ones in full, others to three digits. */
export const amount = value => (Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(3))))
/** `failures_in_row` as the head of a column. */
export const words = name => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ')

export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let at = 0
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`
}

/** The two largest units: `1 d 3 h`, `5 m 12 s`, `7 s`. */
export function duration(seconds) {
  const parts = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
  const first = parts.findIndex(part => part > 0)
  return parts
    .map((part, i) => `${part} ${'dhms'[i]}`)
    .slice(first < 0 ? 3 : first)
    .slice(0, 2)
    .join(' ')
}

/** Characters that would turn the direction of a line, or that cannot be seen, as their numbers. */
export function visible(text) {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}
