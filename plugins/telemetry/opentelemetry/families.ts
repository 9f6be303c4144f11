/** Metrics in memory and their text for Prometheus (exposition format 0.0.4). Recording costs an addition, no hashing of labels. */

/** Pairs of a label's name and value. */
export type Labels = readonly (readonly [name: string, value: string])[]

/** A number that grows. */
export class Tally {
  value = 0

  add(amount: number): void {
    this.value += amount
  }
}

/** A histogram of one series. */
export class Distribution {
  /** Of each bucket, not cumulated; the last one is beyond all bounds. */
  readonly counts: Float64Array
  sum = 0
  private readonly bounds: readonly number[]

  /** @param bounds upper bounds of the buckets, inclusive, ascending */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  record(value: number): void {
    const { bounds } = this
    let i = 0
    while (i < bounds.length && value > bounds[i]!) i++
    this.counts[i]! += 1
    this.sum += value
  }
}

interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'histogram' | 'counter' | 'gauge'
  readonly lines: (out: string[]) => void
}

/** What was counted, by family: it goes on under a new configuration, whose families find it again. */
export class SeriesMemory {
  private readonly known = new Map<string, Map<string, unknown>>()

  /** Returns the series of a family by their labels. */
  of<T>(family: string): Map<string, T> {
    const series = this.known.get(family) ?? new Map<string, unknown>()
    this.known.set(family, series)
    return series as Map<string, T>
  }
}

/** All metrics of one gateway. */
export class Families {
  private readonly families: Family[] = []
  private readonly common: string
  private readonly memory: SeriesMemory

  /** @param common labels of every series */
  constructor(common: Labels = [], memory = new SeriesMemory()) {
    this.common = labelText(common)
    this.memory = memory
  }

  /** Makes a counter; the answer makes, or finds, one of its series. */
  counter(name: string, help: string): (labels: Labels) => Tally {
    const series = this.memory.of<Tally>(name)
    this.families.push({
      name,
      help,
      type: 'counter',
      lines: out => {
        for (const [labels, tally] of series) out.push(`${name}${braced(labels)} ${tally.value}`)
      }
    })
    return labels => found(series, this.text(labels), () => new Tally())
  }

  /** Makes a histogram; the answer makes, or finds, one of its series. */
  histogram(name: string, help: string, bounds: readonly number[]): (labels: Labels) => Distribution {
    const series = this.memory.of<Distribution>(`${name} ${bounds.join(' ')}`)
    this.families.push({
      name,
      help,
      type: 'histogram',
      lines: out => {
        for (const [labels, one] of series) pushHistogram(out, name, labels, one, bounds)
      }
    })
    return labels => found(series, this.text(labels), () => new Distribution(bounds))
  }

  /** Makes a metric whose values are asked for when it is read. */
  sampled(name: string, help: string, type: 'gauge' | 'counter', sample: () => Iterable<readonly [Labels, number]>): void {
    this.families.push({
      name,
      help,
      type,
      lines: out => {
        for (const [labels, value] of sample()) out.push(`${name}${braced(this.text(labels))} ${value}`)
      }
    })
  }

  private text(labels: Labels): string {
    const own = labelText(labels)
    return own === '' || this.common === '' ? own + this.common : `${own},${this.common}`
  }

  /** The text of all metrics that have a value. */
  render(): string {
    const out: string[] = []
    for (const family of this.families) {
      const lines: string[] = []
      family.lines(lines)
      if (lines.length === 0) continue
      out.push(`# HELP ${family.name} ${family.help}`, `# TYPE ${family.name} ${family.type}`)
      for (const line of lines) out.push(line)
    }
    return out.length === 0 ? '' : `${out.join('\n')}\n`
  }
}

function found<T>(series: Map<string, T>, labels: string, make: () => T): T {
  let one = series.get(labels)
  if (one === undefined) {
    one = make()
    series.set(labels, one)
  }
  return one
}

function pushHistogram(out: string[], name: string, labels: string, one: Distribution, bounds: readonly number[]): void {
  const before = labels === '' ? '' : `${labels},`
  let total = 0
  for (let i = 0; i < bounds.length; i++) {
    total += one.counts[i]!
    out.push(`${name}_bucket{${before}le="${bounds[i]}"} ${total}`)
  }
  total += one.counts[bounds.length]!
  out.push(`${name}_bucket{${before}le="+Inf"} ${total}`)
  out.push(`${name}_sum${braced(labels)} ${one.sum}`, `${name}_count${braced(labels)} ${total}`)
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

/** `http_route="/x/:id",error="false"`; dots and other characters that names cannot have become underscores. */
function labelText(labels: Labels): string {
  return labels.map(([name, value]) => `${labelName(name)}="${value.replace(/[\\"\n]/g, escaped)}"`).join(',')
}

function labelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, 'key_')
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
