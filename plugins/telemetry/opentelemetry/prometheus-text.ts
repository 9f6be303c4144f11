/** The text of metrics for Prometheus (exposition format 0.0.4). */

import {
  type Distribution,
  type Families,
  type Family,
  grouped,
  type Label,
  labelsFor,
  type MetricAbout,
  type Sees,
  type Series
} from './families.js'

/** Renders all metrics that have a value. */
export function renderPrometheus(families: Families, sees: Sees = () => true): string {
  const out: string[] = []
  for (const family of families.shownBy('prometheus', sees)) {
    const name = prometheusName(family.about, family.kind)
    const lines: string[] = []
    if (family.kind === 'histogram') {
      for (const [labels, series] of groups(family.series())) pushHistogram(lines, name, labels, series)
    } else {
      for (const [labels, series] of groups(family.series())) {
        lines.push(`${name}${braced(labels)} ${series.reduce((sum, one) => sum + one.data.value, 0)}`)
      }
    }
    if (lines.length === 0) continue
    out.push(`# HELP ${name} ${family.about.help}`, `# TYPE ${name} ${family.kind}`)
    for (const line of lines) out.push(line)
  }
  return out.length === 0 ? '' : `${out.join('\n')}\n`
}

const UNITS: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' }

/** `http.server.request.duration` in `s` → `http_server_request_duration_seconds`; counters end in `_total`. */
function prometheusName({ name, unit = '', prometheus }: MetricAbout, kind: Family['kind']): string {
  const base = prometheus ?? name.replace(/[^a-zA-Z0-9_]/g, '_') + (UNITS[unit] ?? '')
  return kind === 'counter' && !base.endsWith('_total') ? `${base}_total` : base
}

const groups = <T>(series: Iterable<Series<T>>): Map<string, Series<T>[]> =>
  grouped(series, labels => labelsFor(labels, 'prometheus').map(labelText).join(','))

function pushHistogram(out: string[], name: string, labels: string, series: readonly Series<Distribution>[]): void {
  const before = labels === '' ? '' : `${labels},`
  const { bounds } = series[0]!.data
  const countIn = (bucket: number): number => series.reduce((sum, one) => sum + one.data.counts[bucket]!, 0)
  let total = 0
  for (let i = 0; i < bounds.length; i++) {
    total += countIn(i)
    out.push(`${name}_bucket{${before}le="${bounds[i]}"} ${total}`)
  }
  total += countIn(bounds.length)
  out.push(`${name}_bucket{${before}le="+Inf"} ${total}`)
  out.push(`${name}_sum${braced(labels)} ${series.reduce((sum, one) => sum + one.data.sum, 0)}`)
  out.push(`${name}_count${braced(labels)} ${total}`)
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

/** `http_route="/x/:id"`; dots and other characters that names cannot have become underscores. */
function labelText([name, value]: Label): string {
  return `${labelName(name)}="${String(value).replace(/[\\"\n]/g, escaped)}"`
}

function labelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, 'key_')
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
