/** Calls to upstreams: how long until the head and the end, how large, how they failed; one series per status. */

import type { CallTrace, CallWatch } from 'sluice/plugin'
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
  watch(labels: Labels, layer: BackendLayer): CallWatch {
    const parts: Part[] = []
    const withHead: Part[] = []
    if (layer.roundTrip) parts.push(this.trip)
    if (layer.roundTrip && (!this.conventions || layer.connection)) parts.push(this.counts)
    if (layer.connection) parts.push(this.connection)
    if (layer.roundTrip) withHead.push(this.answerSize)
    if (layer.readPayload) withHead.push(this.reading)
    const byStatus = new Map<number, readonly Recorder[]>()
    return {
      ended: trace => {
        let recorders = byStatus.get(trace.status)
        if (recorders === undefined) {
          const own: Labels = [...labels, ['http_response_status_code', String(trace.status)]]
          recorders = (trace.status === 0 ? parts : [...parts, ...withHead]).map(part => part(own))
          byStatus.set(trace.status, recorders)
        }
        for (const record of recorders) record(trace)
      }
    }
  }

  private counter(name: string, help: string): Counter {
    return this.families.counter(`http_client_${name}_total`, help)
  }

  private seconds(name: string, help: string): Histogram {
    return this.families.histogram(`http_client_${name}`, help, TIME_BOUNDS)
  }

  private bytes(name: string, help: string): Histogram {
    return this.families.histogram(`http_client_${name}`, help, SIZE_BOUNDS)
  }

  private krakendTrip(): Part {
    const durations = this.seconds('duration', HEAD_HELP)
    const requestSizes = this.counter('request_size', 'Bytes of the bodies of calls.')
    return labels => {
      const duration = durations(labels)
      const requestSize = requestSizes(labels)
      return trace => {
        duration.record(secondsToHead(trace))
        if (trace.requestBytes > 0) requestSize.add(trace.requestBytes)
      }
    }
  }

  private conventionalTrip(): Part {
    const durations = this.seconds('request_duration_seconds', HEAD_HELP)
    const requestSizes = this.bytes('request_body_size_bytes', 'Bytes of the bodies of calls.')
    return labels => {
      const duration = durations(labels)
      const requestSize = requestSizes(labels)
      return trace => {
        duration.record(secondsToHead(trace))
        if (trace.requestBytes >= 0) requestSize.record(trace.requestBytes)
      }
    }
  }

  private answerSizePart(): Part {
    const name = this.conventions ? 'response_body_size_bytes' : 'response_size'
    const sizes = this.bytes(name, 'Content-Length of the answers to calls.')
    return labels => {
      const size = sizes(labels)
      return trace => {
        if (trace.declaredBytes >= 0) size.record(trace.declaredBytes)
      }
    }
  }

  private countPart(): Part {
    const started = this.counter('request_started_count', 'Calls begun.')
    const failed = this.counter('request_failed_count', 'Calls without an answer.')
    const canceled = this.counter('request_canceled_count', 'Calls that were given up before their response.')
    const timedOut = this.counter('request_timedout_count', 'Failed calls that took too long.')
    const noLength = this.counter('response_no_content_length', 'Answers without Content-Length.')
    return labels => {
      const all = started(labels)
      return trace => {
        all.add(1)
        if (trace.headAt !== 0) {
          if (trace.declaredBytes < 0) noLength(labels).add(1)
          return
        }
        const code = trace.error?.code ?? ''
        if (code === 'SLUICE_ERR_CLIENT_ABORTED') return canceled(labels).add(1)
        failed(labels).add(1)
        if (code.startsWith('SLUICE_ERR_UPSTREAM_TIMEOUT')) timedOut(labels).add(1)
      }
    }
  }

  private connectionPart(): Part {
    const waits = this.seconds('request_get_conn_duration', 'Seconds that a call waited for a connection.')
    return labels => {
      const wait = waits(labels)
      return trace => {
        if (trace.connectedAt !== 0) wait.record((trace.connectedAt - trace.startedAt) / 1000)
      }
    }
  }

  private readingPart(): Part {
    const sizes = this.counter('response_read_size', "Bytes read of calls' answers.")
    const sizeHistograms = this.bytes('response_read_size_hist', "Bytes read of a call's answer.")
    const times = this.counter('response_read_time_seconds', "Seconds from the head of calls' answers to their end.")
    const timeHistograms = this.seconds('response_read_time_hist_seconds', "Seconds from the head of a call's answer to its end.")
    const errors = this.counter('response_read_errors', 'Answers that broke off.')
    return labels => {
      const size = sizes(labels)
      const sizeHistogram = sizeHistograms(labels)
      const time = times(labels)
      const timeHistogram = timeHistograms(labels)
      return trace => {
        const seconds = (trace.endedAt - trace.headAt) / 1000
        size.add(trace.bytes)
        sizeHistogram.record(trace.bytes)
        time.add(seconds)
        timeHistogram.record(seconds)
        if (trace.error !== undefined) errors(labels).add(1)
      }
    }
  }
}

const HEAD_HELP = 'Seconds from the begin of a call to the head of its answer.'

/** To the failure when no head came. */
function secondsToHead(trace: CallTrace): number {
  return ((trace.headAt || trace.endedAt) - trace.startedAt) / 1000
}
