/** Calls to upstreams: how long until the head and the end, how large, how they failed; one series per status. */

import type { BackendFacts, CallTrace, CallWatch } from 'sluice/plugin'
import { backendRoute } from '../../_shared/traces/backend-route.js'
import { SIZE_BOUNDS, TIME_BOUNDS } from './buckets.js'
import type { Distribution, Families, Labels, Tally } from './families.js'
import type { BackendLayer } from './options.js'

/** Records one call in the series of its status. */
type Recorder = (trace: CallTrace) => void
type Part = (labels: Labels) => Recorder
type Counter = (labels: Labels) => Tally
type Histogram = (labels: Labels) => Distribution

/** Metrics of calls; without a series none of them is shown. */
export class CallMetrics {
  private readonly families: Families
  private readonly trip: Part
  private readonly answerSize: Part
  private readonly counts: Part
  private readonly connection: Part
  private readonly reading: Part
  private readonly conventions: boolean

  /** @param conventions names of the semantic conventions 1.27 instead of KrakenD's */
  constructor(families: Families, conventions: boolean) {
    this.families = families
    this.conventions = conventions
    this.trip = conventions ? this.conventionalTrip() : this.krakendTrip()
    this.answerSize = this.answerSizePart()
    this.counts = this.countPart()
    this.connection = this.connectionPart()
    this.reading = this.readingPart()
  }

  /** Makes what records the calls of one backend. */
  watch(labels: Labels, backend: BackendFacts, layer: BackendLayer): CallWatch {
    const parts: Part[] = []
    const withHead: Part[] = []
    if (layer.roundTrip) parts.push(this.trip)
    if (layer.roundTrip && (!this.conventions || layer.connection)) parts.push(this.counts)
    if (layer.connection) parts.push(this.connection)
    if (layer.roundTrip) withHead.push(this.answerSize)
    const hosts = new CallHosts(backend)
    const calls: Labels = [...labels, ['clientname', backendRoute(backend), 'otlp']]
    const recordersOf = (host: Labels, status: number): readonly Recorder[] => {
      const own: Labels = [...calls, ...host, ['http.response.status_code', status]]
      const recorders = (status === 0 ? parts : [...parts, ...withHead]).map(part => part(own))
      const reading: Labels = [...labels, ['http.response.status_code', status, 'prometheus']]
      return status !== 0 && layer.readPayload ? [...recorders, this.reading(reading)] : recorders
    }
    return {
      ended: trace => {
        const host = hosts.of(trace.origin)
        let recorders = host.byStatus.get(trace.status)
        if (recorders === undefined) {
          recorders = recordersOf(host.labels, trace.status)
          host.byStatus.set(trace.status, recorders)
        }
        for (const record of recorders) record(trace)
      }
    }
  }

  private counter(name: string, help: string, unit = ''): Counter {
    const full = `http.client.${name}`
    // a unit that the conventions want and that Prometheus's name never had
    const prometheus = unit === 'By' ? { prometheus: full.replace(/[.-]/g, '_') } : {}
    return this.families.counter({ name: full, help, unit, ...prometheus })
  }

  private seconds(name: string, help: string, unit = ''): Histogram {
    return this.families.histogram({ name: `http.client.${name}`, help, unit }, TIME_BOUNDS)
  }

  private bytes(name: string, help: string, unit = ''): Histogram {
    return this.families.histogram({ name: `http.client.${name}`, help, unit }, SIZE_BOUNDS)
  }

  private krakendTrip(): Part {
    const durations = this.seconds('duration', HEAD_HELP)
    const requestSizes = this.counter('request.size', 'Bytes of the bodies of calls.')
    return labels => {
      const duration = durations(labels)
      const requestSize = requestSizes(labels)
      return trace => {
        duration.record(secondsToHead(trace), trace.span)
        if (trace.requestBytes > 0) requestSize.add(trace.requestBytes)
      }
    }
  }

  private conventionalTrip(): Part {
    const durations = this.seconds('request.duration', HEAD_HELP, 's')
    const requestSizes = this.bytes('request.body.size', 'Bytes of the bodies of calls.', 'By')
    return labels => {
      const duration = durations(labels)
      const requestSize = requestSizes(labels)
      return trace => {
        duration.record(secondsToHead(trace), trace.span)
        if (trace.requestBytes >= 0) requestSize.record(trace.requestBytes, trace.span)
      }
    }
  }

  private answerSizePart(): Part {
    const help = 'Content-Length of the answers to calls.'
    const sizes = this.conventions ? this.bytes('response.body.size', help, 'By') : this.bytes('response.size', help)
    return labels => {
      const size = sizes(labels)
      return trace => {
        if (trace.declaredBytes >= 0 && trace.method !== 'HEAD') size.record(trace.declaredBytes, trace.span)
      }
    }
  }

  private countPart(): Part {
    const started = this.counter('request.started.count', 'Calls begun.')
    const failed = this.counter('request.failed.count', 'Calls without a response.')
    const canceled = this.counter('request.canceled.count', 'Calls that were given up before their response.')
    const timedOut = this.counter('request.timedout.count', 'Failed calls that took too long.')
    const noLength = this.counter('response.no-content-length', 'Answers without Content-Length.', this.conventions ? 'By' : '')
    return labels => {
      const all = started(labels)
      // series that appear with their first event, as in KrakenD
      const ofNoLength = once(() => noLength(labels))
      const ofCanceled = once(() => canceled(labels))
      const ofFailed = once(() => failed(labels))
      const ofTimedOut = once(() => timedOut(labels))
      return trace => {
        all.add(1)
        if (trace.headAt !== 0) {
          if (trace.declaredBytes < 0 && trace.method !== 'HEAD') ofNoLength().add(1)
          return
        }
        const code = trace.error?.code ?? ''
        if (code === 'SLUICE_ERR_CLIENT_ABORTED') return ofCanceled().add(1)
        ofFailed().add(1)
        if (code.startsWith('SLUICE_ERR_UPSTREAM_TIMEOUT')) ofTimedOut().add(1)
      }
    }
  }

  private connectionPart(): Part {
    const waits = this.connecting('get-conn', 'Seconds that a call waited for a connection.')
    const lookups = this.connecting('dns', 'Seconds that the name was looked up; 0 on connections that were open before.')
    const handshakes = this.connecting('tls', 'Seconds that TLS was negotiated; 0 on connections that were open before.')
    return labels => {
      const wait = waits(labels)
      const lookup = lookups(labels)
      const handshake = handshakes(labels)
      return trace => {
        const { opening, span } = trace
        wait.record(((trace.connectedAt || trace.endedAt) - trace.startedAt) / 1000, span)
        lookup.record(opening === undefined ? 0 : opening.lookupMs / 1000, span)
        handshake.record(opening === undefined ? 0 : opening.tlsMs / 1000, span)
      }
    }
  }

  private connecting(part: string, help: string): Histogram {
    const name = `http.client.request.${part}.duration`
    const prometheus = name.replace(/[.-]/g, '_')
    return this.families.histogram({ name, help, unit: this.conventions ? 's' : '', prometheus }, TIME_BOUNDS)
  }

  private readingPart(): Part {
    const sizes = this.counter('response.read.size', "Bytes read of calls' answers.", 'b')
    const sizeHistograms = this.bytes('response.read.size-hist', "Bytes read of a call's answer.", 'b')
    const times = this.counter('response.read.time', "Seconds from the head of calls' answers to their end.", 's')
    const timeHistograms = this.seconds('response.read.time-hist', "Seconds from the head of a call's answer to its end.", 's')
    const errors = this.counter('response.read.errors', 'Answers that broke off.')
    const seriesOf = (labels: Labels): Recorder => {
      const size = sizes(labels)
      const sizeHistogram = sizeHistograms(labels)
      const time = times(labels)
      const timeHistogram = timeHistograms(labels)
      return trace => {
        const seconds = (trace.endedAt - trace.headAt) / 1000
        size.add(trace.bytes)
        sizeHistogram.record(trace.bytes, trace.span)
        time.add(seconds)
        timeHistogram.record(seconds, trace.span)
      }
    }
    return labels => {
      const whole = once(() => seriesOf(labels))
      // KrakenD tells broken ones apart by this label
      const broken = once(() => seriesOf([...labels, ['error', 'true']]))
      const ofErrors = once(() => errors(labels))
      return trace => {
        if (trace.error === undefined) return whole()(trace)
        ofErrors().add(1)
        broken()(trace)
      }
    }
  }
}

/** Makes something when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

const HEAD_HELP = 'Seconds from the begin of a call to the head of its answer.'

/** To the failure when no head came. */
function secondsToHead(trace: CallTrace): number {
  return ((trace.headAt || trace.endedAt) - trace.startedAt) / 1000
}

/** One host of a backend, and what records its calls by their status. */
interface CallHost {
  readonly labels: Labels
  readonly byStatus: Map<number, readonly Recorder[]>
}

/** The hosts that the configuration names. What a name service adds counts as the first one: labels do not grow with it. */
class CallHosts {
  private readonly byOrigin = new Map<string, CallHost>()
  private readonly first: CallHost

  constructor({ hosts }: BackendFacts) {
    for (const host of hosts) {
      if (!URL.canParse(host)) continue
      const url = new URL(host)
      this.byOrigin.set(url.origin, hostOf(url.hostname, Number(url.port) || (url.protocol === 'https:' ? 443 : 80)))
    }
    this.first = this.byOrigin.values().next().value ?? hostOf(hosts[0] ?? '', 80)
  }

  of(origin: string): CallHost {
    return this.byOrigin.get(origin) ?? this.first
  }
}

function hostOf(name: string, port: number): CallHost {
  const labels: Labels = [
    ['server.address', name, 'otlp'],
    ['server.port', port, 'otlp']
  ]
  return { labels, byStatus: new Map() }
}
