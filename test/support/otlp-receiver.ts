/** A collector for tests: takes OTLP over HTTP and decodes it by the official definitions, as `@opentelemetry/otlp-transformer` generated them. */

import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { once, until } from './waiting.js'

const require = createRequire(import.meta.url)
/** The definitions, with a decoder and `toObject` for each message. */
export const { opentelemetry } = require('@opentelemetry/otlp-transformer/build/src/generated/root') as {
  opentelemetry: { proto: { collector: Record<string, { v1: Record<string, MessageType> }> } }
}

interface MessageType {
  decode(bytes: Uint8Array): object
  toObject(message: object, options: object): Json
  encode(value: object): { finish(): Uint8Array }
}

// biome-ignore lint/suspicious/noExplicitAny: what was decoded is looked into freely
type Json = any

const DECODED = { longs: Number, bytes: String, defaults: false, arrays: true } as const

export type Attributes = Readonly<Record<string, unknown>>

/** A span as tests look at it. */
export interface ReceivedSpan {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  /** '' = none. */
  readonly parentId: string
  readonly start: number
  readonly end: number
  readonly attributes: Attributes
  readonly events: readonly { readonly name: string; readonly time: number; readonly attributes: Attributes }[]
  /** 0 = unset, 1 = ok, 2 = error */
  readonly status: number
  readonly message: string
  readonly state: string
  readonly flags: number
}

/** A data point as tests look at it. */
export interface ReceivedPoint {
  readonly attributes: Attributes
  readonly value: number | undefined
  readonly count: number | undefined
  readonly sum: number | undefined
  readonly min: number | undefined
  readonly max: number | undefined
  readonly bounds: readonly number[]
  readonly buckets: readonly number[]
  readonly exemplars: readonly { readonly traceId: string; readonly value: number }[]
}

export interface ReceivedMetric {
  readonly name: string
  readonly unit: string
  readonly kind: 'sum' | 'histogram' | 'gauge'
  readonly cumulative: boolean
  readonly monotonic: boolean
  readonly points: readonly ReceivedPoint[]
}

/** What came with one request. */
export interface ReceivedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const hex = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('hex')

function plainValue(value: Json): unknown {
  if (value === undefined) return undefined
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plainValue)
  return value.stringValue ?? value.boolValue ?? value.intValue ?? value.doubleValue
}

export function attributesOf(list: Json): Attributes {
  return Object.fromEntries((list ?? []).map((one: Json) => [one.key, plainValue(one.value)]))
}

/** Decodes `ExportTraceServiceRequest`. */
export function decodeTraces(body: Uint8Array): Json {
  const type = opentelemetry.proto.collector.trace!.v1.ExportTraceServiceRequest!
  return type.toObject(type.decode(body), DECODED)
}

/** Decodes `ExportMetricsServiceRequest`. */
export function decodeMetrics(body: Uint8Array): Json {
  const type = opentelemetry.proto.collector.metrics!.v1.ExportMetricsServiceRequest!
  return type.toObject(type.decode(body), DECODED)
}

export function spansIn(request: Json): ReceivedSpan[] {
  return request.resourceSpans.flatMap((resource: Json) => resource.scopeSpans.flatMap((scope: Json) => scope.spans.map(spanOf)))
}

function spanOf(span: Json): ReceivedSpan {
  return {
    name: span.name,
    kind: span.kind,
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentId: hex(span.parentSpanId),
    start: span.startTimeUnixNano,
    end: span.endTimeUnixNano,
    attributes: attributesOf(span.attributes),
    events: span.events.map((event: Json) => ({
      name: event.name,
      time: event.timeUnixNano,
      attributes: attributesOf(event.attributes)
    })),
    status: span.status?.code ?? 0,
    message: span.status?.message ?? '',
    state: span.traceState ?? '',
    flags: span.flags ?? 0
  }
}

export function metricsIn(request: Json): ReceivedMetric[] {
  return request.resourceMetrics.flatMap((resource: Json) =>
    resource.scopeMetrics.flatMap((scope: Json) => scope.metrics.map(metricOf))
  )
}

function metricOf(metric: Json): ReceivedMetric {
  const kind = metric.histogram !== undefined ? 'histogram' : metric.sum !== undefined ? 'sum' : 'gauge'
  const data = metric[kind]
  return {
    name: metric.name,
    unit: metric.unit ?? '',
    kind,
    cumulative: data.aggregationTemporality === 2,
    monotonic: data.isMonotonic === true,
    points: data.dataPoints.map((point: Json) => ({
      attributes: attributesOf(point.attributes),
      value: point.asDouble ?? point.asInt,
      count: point.count,
      sum: point.sum,
      min: point.min,
      max: point.max,
      bounds: point.explicitBounds ?? [],
      buckets: point.bucketCounts ?? [],
      exemplars: (point.exemplars ?? []).map((one: Json) => ({
        traceId: hex(one.traceId),
        value: one.asDouble ?? one.asInt
      }))
    }))
  }
}

/** Collects what exporters send. */
export class Received {
  readonly requests: ReceivedRequest[] = []

  take(path: string, headers: IncomingHttpHeaders, body: Buffer): void {
    this.requests.push({ path, headers, body: headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body })
  }

  private bodies(path: string): Buffer[] {
    return this.requests.filter(one => one.path === path).map(one => one.body)
  }

  get spans(): ReceivedSpan[] {
    return this.bodies('/v1/traces').flatMap(body => spansIn(decodeTraces(body)))
  }

  /** Of the last push of metrics, by name. */
  get metrics(): ReadonlyMap<string, ReceivedMetric> {
    const last = this.bodies('/v1/metrics').at(-1)
    return new Map((last === undefined ? [] : metricsIn(decodeMetrics(last))).map(metric => [metric.name, metric]))
  }

  /** Waits until there are spans as many as wanted. */
  spansOf(count: number): Promise<ReceivedSpan[]> {
    return until(() => this.spans.length >= count && this.spans, `${count} spans`)
  }

  /** Waits until a push of metrics fits. */
  metricsWith(fits: (metrics: ReadonlyMap<string, ReceivedMetric>) => boolean): Promise<ReadonlyMap<string, ReceivedMetric>> {
    return until(() => fits(this.metrics) && this.metrics, `metrics like ${fits}`)
  }
}

export interface Receiver extends Received {
  readonly port: number
}

/** Listens on a free port of 127.0.0.1 until the test ends. `answer` may refuse what comes; by default all is taken. */
export async function startReceiver(
  owner: Pick<TestContext, 'after'>,
  answer: RequestListener = (_, res) => res.end()
): Promise<Receiver> {
  const received = new Received()
  const server = createServer((req, res) => {
    buffer(req).then(
      body => {
        received.take(req.url!, req.headers, body)
        res.setHeader('Content-Type', 'application/x-protobuf')
        answer(req, res)
      },
      // an exporter that has given up sends the request again
      () => res.destroy()
    )
  })
  owner.after(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(received, { port: (server.address() as AddressInfo).port }) as Receiver
}

/** Returns the children of a span, in the order in which they began. */
export function childrenOf(spans: readonly ReceivedSpan[], parent: ReceivedSpan): ReceivedSpan[] {
  return spans.filter(one => one.parentId === parent.spanId).sort((a, b) => a.start - b.start)
}

const SERVICES = [
  ['trace.v1.TraceService', '/v1/traces'],
  ['metrics.v1.MetricsService', '/v1/metrics']
] as const

/** A collector that speaks gRPC, by `@grpc/grpc-js`. `answer` may return a failure. */
export async function startGrpcReceiver(
  owner: Pick<TestContext, 'after'>,
  answer: (path: string) => Partial<import('@grpc/grpc-js').ServiceError> | undefined = () => undefined
): Promise<Receiver> {
  const { Server, ServerCredentials } = await import('@grpc/grpc-js')
  const received = new Received()
  const server = new Server()
  const same = (bytes: Buffer): Buffer => bytes
  for (const [service, path] of SERVICES) {
    const Export = {
      path: `/opentelemetry.proto.collector.${service}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same
    }
    server.addService(
      { Export },
      {
        Export(call: Json, done: Json) {
          received.take(path, call.metadata.getMap(), call.request)
          const failure = answer(path)
          if (failure === undefined) done(null, Buffer.alloc(0))
          else done(failure)
        }
      }
    )
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error)
    )
  })
  owner.after(() => server.forceShutdown())
  return Object.assign(received, { port }) as Receiver
}
