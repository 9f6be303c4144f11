/** Messages as lines, and what differs between two of them. */

/** A message as `sluice lua` prints it. */
export interface MessageText {
  /** The request line, or the status. */
  readonly first: string
  /** `Name: value`, those that change from run to run left out. */
  readonly fields: readonly string[]
  readonly body: string
}

/** Differ without any script: the upstream's port, the time. */
const VARYING = /^(?:host|date|connection|keep-alive|content-length|transfer-encoding)$/i

export function textOfMessage(first: string, raw: readonly string[], body: string): MessageText {
  const fields: string[] = []
  for (let i = 0; i < raw.length; i += 2) if (!VARYING.test(raw[i]!)) fields.push(`${raw[i]}: ${raw[i + 1]}`)
  return { first, fields, body }
}

/** Lines of `after`: those that `before` has too behind blanks, new ones behind `+`, and those that are gone behind `-`. */
export function differences(before: MessageText | undefined, after: MessageText): string[] {
  const old = before === undefined ? [] : linesOf(before)
  const now = linesOf(after)
  const rest = now.map(bare)
  const gone = old.filter(line => {
    const at = rest.indexOf(bare(line))
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
  const known = new Set(old.map(bare))
  return [...gone.map(line => `- ${line}`), ...now.map(line => `${known.has(bare(line)) ? ' ' : '+'} ${line}`)]
}

/** A comma at the end of a line comes and goes with the value behind it. */
const bare = (line: string): string => line.replace(/,$/, '')

function linesOf({ first, fields, body }: MessageText): string[] {
  return [first, ...fields, ...(body === '' ? [] : pretty(body).split('\n'))]
}

/** JSON with a line for each value, so that a changed one shows. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
