/**
 * Trace context in header fields: W3C `traceparent`, `tracestate` and `baggage`, and B3 (one field, or several), by the names of
 * `OTEL_PROPAGATORS`. Whatever cannot be read counts as not sent.
 */

import { parse32, type TraceNumbers } from '../otlp/ids.js'
import { readTraceState } from './trace-state.js'

/** A `traceparent` of version 00 with valid ids (W3C Trace Context §3.2.2) whose flags say that the client does not record. */
const DECLINING = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f][02468ace]$/

/** Names and values in turn. */
export type RawFields = string[]

export type Propagator = 'tracecontext' | 'baggage' | 'b3' | 'b3multi'
export const PROPAGATORS: readonly Propagator[] = ['tracecontext', 'baggage', 'b3', 'b3multi']
export const DEFAULT_PROPAGATORS: readonly Propagator[] = ['tracecontext', 'baggage']

/** The span of a client: what an exchange's span is a child of. */
export interface RemoteParent {
  readonly trace: TraceNumbers
  /** The two halves of the span's id. */
  readonly span: readonly [number, number]
}

/** What a request brings along. */
export interface Incoming {
  readonly parent: RemoteParent | undefined
  /** Whether the client records; B3 may say so without naming a span. Undefined = it leaves the decision to the gateway. */
  readonly sampled: boolean | undefined
  /** '' = none. */
  readonly state: string
  /** '' = none. */
  readonly baggage: string
}

/** What is written for an upstream. Its trace is recorded: of others the client's own context goes on. */
export interface Outgoing {
  readonly traceId: string
  readonly spanId: string
  /** W3C: `00-TRACE-SPAN-01`. */
  readonly traceparent: string
  /** The client's `tracestate` belongs to this trace and may go on. */
  readonly keepsState: boolean
  /** '' = none. */
  readonly baggage: string
}

/** Of a request without context. */
export const NO_CONTEXT: Incoming = { parent: undefined, sampled: undefined, state: '', baggage: '' }

/** Fields that carry context; values of repeated ones are joined. */
const CONTEXT_FIELDS: ReadonlySet<string> = new Set([
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags'
])
/** A bit for each length of these names. */
const LENGTHS = [...CONTEXT_FIELDS].reduce((bits, name) => bits | (1 << name.length), 0)
/** A bit for each letter that these names begin with. */
const LETTERS = [...CONTEXT_FIELDS].reduce((bits, name) => bits | (1 << (name.charCodeAt(0) & 31)), 0)

/** Returns the name in lower case, '' for fields without context. Most are told by length and first letter. */
function contextName(name: string): string {
  const { length } = name
  if (length > 31 || ((LENGTHS >>> length) & (LETTERS >>> (name.charCodeAt(0) & 31)) & 1) === 0) return ''
  const lower = name.toLowerCase()
  return CONTEXT_FIELDS.has(lower) ? lower : ''
}

const TRACEPARENT_NAME = 'traceparent'

/** Most clients and proxies send it in lower case. */
const lowerCase = (name: string): string => (name === TRACEPARENT_NAME ? name : name.toLowerCase())

/** Longest `baggage` that goes on (W3C: at least 8192 bytes). */
const MAX_BAGGAGE = 8192

/** Reads and writes the context of the propagators that are configured. */
export class Propagation {
  private readonly propagators: readonly Propagator[]
  private readonly readsW3cAlone: boolean

  constructor(propagators: readonly Propagator[]) {
    this.propagators = propagators
    this.readsW3cAlone =
      propagators.includes('tracecontext') && propagators.every(name => name === 'tracecontext' || name === 'baggage')
  }

  /**
   * Returns true when the client has decided not to record, false when it has not or when it takes more than a look to tell. Most requests
   * of a system that is traced say so: nothing else is read of them.
   */
  isDeclined(raw: readonly string[]): boolean {
    if (!this.readsW3cAlone) return false
    let value: string | undefined
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!
      if (name.length !== TRACEPARENT_NAME.length || lowerCase(name) !== TRACEPARENT_NAME) continue
      if (value !== undefined) return false
      value = raw[i + 1]!
    }
    return value !== undefined && DECLINING.test(value)
  }

  /** Reads what a request brings. Of several formats the last one that can be read counts. */
  extract(raw: readonly string[]): Incoming {
    const found = contextFields(raw)
    if (found === undefined) return NO_CONTEXT
    let parent: RemoteParent | undefined
    let sampled: boolean | undefined
    let w3c: RemoteParent | undefined
    let baggage = ''
    for (const propagator of this.propagators) {
      if (propagator === 'baggage') {
        baggage = limited(found.get('baggage'), MAX_BAGGAGE)
        continue
      }
      const read = READERS[propagator](found)
      if (read === undefined) continue
      parent = read.parent ?? parent
      sampled = read.sampled ?? sampled
      if (propagator === 'tracecontext') w3c = read.parent
    }
    const state = w3c !== undefined && isSameTrace(w3c, parent!) ? readTraceState(found.get('tracestate')) : ''
    return { parent, sampled, state, baggage }
  }

  /** Returns a copy of `fields` with the context of a span in place of the client's. */
  inject(fields: readonly string[], out: Outgoing): RawFields {
    const made: RawFields = []
    let hasBaggage = false
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i]!
      const lower = contextName(name)
      if (lower === 'baggage') hasBaggage = true
      else if (lower !== '' && !(lower === 'tracestate' && out.keepsState)) continue
      made.push(name, fields[i + 1]!)
    }
    for (const propagator of this.propagators) this.write(propagator, made, out, hasBaggage)
    return made
  }

  private write(propagator: Propagator, fields: RawFields, out: Outgoing, hasBaggage: boolean): void {
    if (propagator === 'tracecontext') fields.push('Traceparent', out.traceparent)
    else if (propagator === 'b3') fields.push('B3', `${out.traceId}-${out.spanId}-1`)
    else if (propagator === 'b3multi') {
      fields.push('X-B3-TraceId', out.traceId, 'X-B3-SpanId', out.spanId, 'X-B3-Sampled', '1')
    } else if (!hasBaggage && out.baggage !== '') fields.push('Baggage', out.baggage)
  }
}

/** Fields with context by their names in lower case. */
type ContextFields = ReadonlyMap<string, string>

/** Returns the fields with context of a request; undefined = there are none. */
function contextFields(raw: readonly string[]): ContextFields | undefined {
  let found: Map<string, string> | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    const lower = contextName(name)
    if (lower === '') continue
    found ??= new Map()
    const before = found.get(lower)
    found.set(lower, before === undefined ? raw[i + 1]! : `${before},${raw[i + 1]!}`)
  }
  return found
}

const limited = (value: string | undefined, most: number): string => (value === undefined || value.length > most ? '' : value)

const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** What one format says: a span, a decision, or both. */
interface Context {
  readonly parent: RemoteParent | undefined
  readonly sampled: boolean | undefined
}

/** Each returns undefined for what cannot be read. */
const READERS: Readonly<Record<Exclude<Propagator, 'baggage'>, (found: ContextFields) => Context | undefined>> = {
  tracecontext: found => readTraceparent(found.get('traceparent')),
  b3: found => readB3(found.get('b3')),
  b3multi: readB3Fields
}

/** W3C Trace Context §3.2: version 00 has four parts, later ones may have more. */
function readTraceparent(value: string | undefined): Context | undefined {
  const match = value === undefined ? null : TRACEPARENT.exec(value.trim())
  if (match === null || (match[1] === '00' && match[5] !== undefined)) return undefined
  return contextOf(match[2]!, match[3]!, (Number.parseInt(match[4]!, 16) & 1) === 1)
}

/** What B3 says of sampling; `d` (debug) is recorded as well. */
const DECISIONS: ReadonlyMap<string | undefined, boolean> = new Map([
  ['0', false],
  ['1', true],
  ['d', true],
  ['false', false],
  ['true', true]
])

const B3 = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?$/i

function readB3(value: string | undefined): Context | undefined {
  const text = value?.trim().toLowerCase() ?? ''
  if (/^[01d]$/.test(text)) return { parent: undefined, sampled: DECISIONS.get(text) }
  const match = B3.exec(text)
  return match === null ? undefined : contextOf(match[1]!, match[2]!, DECISIONS.get(match[3]))
}

function readB3Fields(found: ContextFields): Context | undefined {
  const trace = found.get('x-b3-traceid') ?? ''
  const span = found.get('x-b3-spanid') ?? ''
  const sampled = found.get('x-b3-flags') === '1' ? true : DECISIONS.get(found.get('x-b3-sampled')?.trim().toLowerCase())
  if (/^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i.test(trace) && /^[0-9a-f]{16}$/i.test(span)) return contextOf(trace, span, sampled)
  return trace === '' && span === '' && sampled !== undefined ? { parent: undefined, sampled } : undefined
}

/** `tracestate` belongs to the trace of `traceparent`. */
function isSameTrace({ trace: one }: RemoteParent, { trace: other }: RemoteParent): boolean {
  return one.a === other.a && one.b === other.b && one.c === other.c && one.d === other.d
}

/** Ids of zeros are invalid. */
function contextOf(trace: string, span: string, sampled: boolean | undefined): Context | undefined {
  const long = trace.padStart(32, '0')
  if (/^0+$/.test(long) || /^0+$/.test(span)) return undefined
  return {
    parent: {
      trace: { a: parse32(long, 0), b: parse32(long, 8), c: parse32(long, 16), d: parse32(long, 24) },
      span: [parse32(span, 0), parse32(span, 8)]
    },
    sampled
  }
}
