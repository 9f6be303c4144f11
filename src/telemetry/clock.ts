/** Local time as logs print it; the text of a second is made once. */

let second = -1
let dateText = ''
let timeText = ''
let offsetText = ''

/** Two digits. */
export const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`)

function refresh(now: number): void {
  const s = Math.floor(now / 1000)
  if (s === second) return
  second = s
  const d = new Date(now)
  dateText = `${d.getFullYear()}/${two(d.getMonth() + 1)}/${two(d.getDate())}`
  timeText = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
  offsetText = formatOffset(-d.getTimezoneOffset())
}

function formatOffset(minutes: number): string {
  const abs = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(abs / 60))}:${two(abs % 60)}`
}

function millis(now: number): string {
  const ms = now % 1000
  return ms < 10 ? `00${ms}` : ms < 100 ? `0${ms}` : `${ms}`
}

/** `2026/11/21 02:10:22`. */
export function plainTime(now: number): string {
  refresh(now)
  return `${dateText} ${timeText}`
}

/** `2026/11/21 - 02:10:22`. */
export function dashedTime(now: number): string {
  refresh(now)
  return `${dateText} - ${timeText}`
}

/** `2026/11/21 - 02:10:22.045`. */
export function dashedTimeMillis(now: number): string {
  refresh(now)
  return `${dateText} - ${timeText}.${millis(now)}`
}

/** `2026-11-21T02:10:22.045+01:00`, RFC 3339 with the offset of this machine. */
export function isoTime(now: number): string {
  refresh(now)
  return `${dateText.replaceAll('/', '-')}T${timeText}.${millis(now)}${offsetText}`
}
