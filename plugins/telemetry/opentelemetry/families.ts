/**
 * Metrics in memory. Recording costs an addition, no hashing of labels. What reads them out: `prometheus-text.ts` and
 * `otlp-metrics.ts`. Names are those of OTLP; Prometheus's follow from them.
 */

import type { Span } from 'sluice/plugin'

/** What reads metrics out. */
export type Output = 'prometheus' | 'otlp'
const OUTPUTS: readonly Output[] = ['prometheus', 'otlp']

/** A label's name and value. The third part says that one output alone shows it: series that are the same without it are added up. */
export type Label = readonly [name: string, value: string | number | boolean, only?: Output]
export type Labels = readonly Label[]

/** Who shows the series of an endpoint, where not all do. */
export interface Audience {
  /** Names of exporters; undefined = all. */
  readonly exporters: ReadonlySet<string> | undefined
  /** ms between two pushes; undefined = as all others. */
  readonly periodMs: number | undefined
}

/** Says whether an exporter shows what is meant for an audience; undefined = for all. */
export type Sees = (audience: Audience | undefined) => boolean

/** What a metric is called. */
export interface MetricAbout {
  /** With dots: `http.server.duration`. */
  readonly name: string
  readonly help: string
  /** `s`, `By`; '' = none. */
  readonly unit?: string
  /** The name for Prometheus where it does not follow from name and unit. */
  readonly prometheus?: string
  /** One output alone shows it. */
  readonly only?: Output
}

/** A number that grows. */
export class Tally {
  value = 0

  add(amount: number): void {
    this.value += amount
  }
}

/** A measured value of an exchange that is recorded. */
export interface Exemplar {
  readonly value: number
  readonly traceId: string
  readonly spanId: string
  /** `performance.now()` */
  readonly at: number
}

/** Says whether some output shows exemplars. */
export interface ExemplarKeeper {
  readonly keepsExemplars: boolean
}

/** A histogram of one series. */
export class Distribution {
  /** Of each bucket, not cumulated; the last one is beyond all bounds. */
  readonly counts: Float64Array
  sum = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  readonly bounds: readonly number[]
  /** One of each bucket since they were last taken. */
  private exemplars: (Exemplar | undefined)[] = []
  private readonly keeper: ExemplarKeeper

  /** @param bounds upper bounds of the buckets, inclusive, ascending */
  constructor(bounds: readonly number[], keeper: ExemplarKeeper) {
    this.bounds = bounds
    this.keeper = keeper
    this.counts = new Float64Array(bounds.length + 1)
  }

  /** @param span of the exchange; undefined = it is not recorded */
  record(value: number, span?: Span): void {
    const { bounds } = this
    let i = 0
    while (i < bounds.length && value > bounds[i]!) i++
    this.counts[i]! += 1
    this.sum += value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    if (span !== undefined && this.keeper.keepsExemplars) this.keepExemplar(i, value, span)
  }

  private keepExemplar(bucket: number, value: number, { traceId, spanId }: Span): void {
    this.exemplars[bucket] ??= { value, traceId, spanId, at: performance.now() }
  }

  /** Returns the exemplars that were kept, and forgets them. */
  takeExemplars(): readonly Exemplar[] {
    const taken = this.exemplars.filter(one => one !== undefined)
    if (taken.length > 0) this.exemplars = []
    return taken
  }
}

/** One series as it is read. */
export interface Series<T> {
  readonly labels: Labels
  readonly data: T
  /** Undefined = all exporters. */
  readonly audience: Audience | undefined
}

/** A metric as it is read. */
export type Family =
  | {
      readonly kind: 'counter' | 'gauge'
      readonly about: MetricAbout
      readonly series: () => Iterable<Series<{ value: number }>>
    }
  | { readonly kind: 'histogram'; readonly about: MetricAbout; readonly series: () => Iterable<Series<Distribution>> }

/** What was counted, by family: it goes on under a new configuration, whose families find it again. */
export class SeriesMemory implements ExemplarKeeper {
  /** Set by outputs that show them. */
  keepsExemplars = false
  /** `performance.now()` since when it is counted. */
  readonly since = performance.now()
  private readonly known = new Map<string, KnownSeries<unknown>>()
  private configurations = 0

  /** Returns the number of the next configuration. */
  next(): number {
    return ++this.configurations
  }

  /** Returns the series of a family. */
  of<T>(family: string, make: () => KnownSeries<T>): KnownSeries<T> {
    const series = this.known.get(family) ?? make()
    this.known.set(family, series)
    return series as KnownSeries<T>
  }
}

/** All metrics of one gateway. */
export class Families {
  private readonly families: Map<string, Family>
  private readonly common: Labels
  private readonly memory: SeriesMemory
  private readonly owner: Omit<Found, 'labels'>

  /**
   * @param common labels of every series
   * @param outer whose families these are
   * @param audience who sees what is made here
   */
  constructor(common: Labels = [], memory = new SeriesMemory(), outer?: Families, audience?: Audience) {
    this.common = common
    this.memory = memory
    this.families = outer?.families ?? new Map()
    this.owner = { audience, configuration: outer?.owner.configuration ?? memory.next() }
  }

  /** Returns the same metrics, whose series from there on are for an audience. */
  for(audience: Audience | undefined): Families {
    return audience === undefined ? this : new Families(this.common, this.memory, this, audience)
  }

  /** `performance.now()` since when it is counted. */
  get since(): number {
    return this.memory.since
  }

  /** Makes a counter; the function that it returns makes, or finds, one of its series. */
  counter(about: MetricAbout): (labels: Labels) => Tally {
    const known = this.memory.of(about.name, () => new KnownSeries(this.common, () => new Tally()))
    this.families.set(about.name, { kind: 'counter', about, series: () => known.all() })
    return labels => known.find({ labels, ...this.owner })
  }

  /** Makes a histogram; the function that it returns makes, or finds, one of its series. */
  histogram(about: MetricAbout, bounds: readonly number[]): (labels: Labels) => Distribution {
    const make = () => new KnownSeries(this.common, () => new Distribution(bounds, this.memory))
    const known = this.memory.of(`${about.name} ${bounds.join(' ')}`, make)
    this.families.set(about.name, { kind: 'histogram', about, series: () => known.all() })
    return labels => known.find({ labels, ...this.owner })
  }

  /** Makes a metric whose values are asked for when it is read. */
  sampled(about: MetricAbout, kind: 'gauge' | 'counter', sample: () => Iterable<readonly [Labels, number]>): void {
    const { common } = this
    function* series(): Iterable<Series<{ value: number }>> {
      for (const [labels, value] of sample()) yield { labels: [...labels, ...common], data: { value }, audience: undefined }
    }
    this.families.set(about.name, { kind, about, series })
  }

  /** The metrics that one output shows, with the series that one exporter sees. */
  *shownBy(output: Output, sees: Sees): Iterable<Family> {
    for (const family of this.families.values()) {
      if ((family.about.only ?? output) !== output) continue
      if (family.kind === 'histogram') yield { ...family, series: () => seenOf(family.series(), sees) }
      else yield { ...family, series: () => seenOf(family.series(), sees) }
    }
  }
}

function* seenOf<T>(all: Iterable<Series<T>>, sees: Sees): Iterable<Series<T>> {
  for (const one of all) if (sees(one.audience)) yield one
}

/** What a series is found by, and what the configuration says of it. */
interface Found {
  readonly labels: Labels
  readonly audience: Audience | undefined
  /** Later ones have higher numbers. */
  readonly configuration: number
}

interface FoundSeries<T> extends Series<T> {
  audience: Audience | undefined
  configuration: number
}

/** The series of one metric by their labels. */
class KnownSeries<T> {
  private readonly series = new Map<string, FoundSeries<T>>()
  private readonly common: Labels
  private readonly make: () => T

  constructor(common: Labels, make: () => T) {
    this.common = common
    this.make = make
  }

  find({ labels, audience, configuration }: Found): T {
    const key = JSON.stringify(labels)
    let one = this.series.get(key)
    if (one === undefined) {
      one = { labels: unique([...labels, ...this.common]), data: this.make(), audience, configuration }
      this.series.set(key, one)
    }
    // what an older configuration still serves does not decide any more
    if (configuration >= one.configuration) Object.assign(one, { audience, configuration })
    return one.data
  }

  all(): Iterable<Series<T>> {
    return this.series.values()
  }
}

/** Leaves out labels whose name came before: a static attribute never stands in for one of the gateway's. */
function unique(labels: Labels): Labels {
  const taken = new Set<string>()
  return labels.filter(([name, , only]) => {
    const plain = name.replace(/[^a-zA-Z0-9_]/g, '_')
    const places = (only === undefined ? OUTPUTS : [only]).map(output => `${output} ${plain}`)
    if (places.some(place => taken.has(place))) return false
    for (const place of places) taken.add(place)
    return true
  })
}

/** Puts series together that have the same labels for an output. `keyOf` makes the text of these labels. */
export function grouped<T>(series: Iterable<Series<T>>, keyOf: (labels: Labels) => string): Map<string, Series<T>[]> {
  const groups = new Map<string, Series<T>[]>()
  for (const one of series) {
    const key = keyOf(one.labels)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return groups
}

/** The labels that an output shows. */
export function labelsFor(labels: Labels, output: Output): Labels {
  return labels.filter(([, , only]) => (only ?? output) === output)
}
