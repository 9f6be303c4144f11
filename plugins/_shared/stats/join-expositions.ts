/**
 * The metrics of several workers as one page in the text format of Prometheus.
 *
 * Counters and histograms with the same labels are added up. A gauge or a summary means something for its process alone: each of its series
 * gets the label `worker`, unless it has one.
 */

export interface WorkerPage {
  /** The number of the worker. */
  readonly worker: number
  readonly text: string
}

interface JoinedFamily {
  /** HELP and TYPE. */
  readonly head: string[]
  type: string
  /** Values by series, in the order in which they were met. */
  readonly series: Map<string, number>
}

/** What names of series end in, beside that of their family. */
const SUFFIX = /_(?:bucket|sum|count|total|created)$/

/** Joins pages; a page of one worker keeps its series, with the same rules. */
export function joinExpositions(pages: readonly WorkerPage[]): string {
  const families = new Map<string, JoinedFamily>()
  for (const { worker, text } of pages) {
    for (const line of text.split('\n')) {
      if (line.startsWith('#')) readHead(line, families)
      else if (line !== '') readSample(line, worker, families)
    }
  }
  const out: string[] = []
  for (const { head, series } of families.values()) {
    if (series.size === 0) continue
    out.push(...head)
    for (const [name, value] of series) out.push(`${name} ${value}`)
  }
  return out.length === 0 ? '' : `${out.join('\n')}\n`
}

function readHead(line: string, families: Map<string, JoinedFamily>): void {
  const [, what, name, rest] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? []
  if (what === undefined || name === undefined) return
  const family = familyOf(name, families)
  if (what === 'TYPE') family.type = rest ?? ''
  if (!family.head.some(known => known.startsWith(`# ${what} `))) family.head.push(line)
}

function familyOf(name: string, families: Map<string, JoinedFamily>): JoinedFamily {
  const known = families.get(name)
  if (known !== undefined) return known
  const family = { head: [], type: 'untyped', series: new Map<string, number>() }
  families.set(name, family)
  return family
}

function readSample(line: string, worker: number, families: Map<string, JoinedFamily>): void {
  const labelsAt = line.indexOf('{')
  const end = labelsAt === -1 ? line.indexOf(' ') : closingBrace(line, labelsAt) + 1
  if (end <= 0) return
  const name = line.slice(0, labelsAt === -1 ? end : labelsAt)
  const family =
    families.get(name) ?? familyOf(families.has(name.replace(SUFFIX, '')) ? name.replace(SUFFIX, '') : name, families)
  // a time or an exemplar may follow the value
  const value = Number(line.slice(end).trim().split(' ', 1)[0])
  const adds = family.type === 'counter' || family.type === 'histogram'
  const series = adds ? line.slice(0, end) : labelled(name, line.slice(name.length, end), worker)
  family.series.set(series, adds ? (family.series.get(series) ?? 0) + value : value)
}

function labelled(name: string, labels: string, worker: number): string {
  if (/[{,]worker="/.test(labels)) return name + labels
  return labels === '' || labels === '{}' ? `${name}{worker="${worker}"}` : `${name}${labels.slice(0, -1)},worker="${worker}"}`
}

/** Labels may hold braces in quotes. @returns -1 when there is none */
function closingBrace(line: string, from: number): number {
  let quoted = false
  for (let at = from; at < line.length; at++) {
    const character = line[at]
    if (character === '\\') at++
    else if (character === '"') quoted = !quoted
    else if (character === '}' && !quoted) return at
  }
  return -1
}
