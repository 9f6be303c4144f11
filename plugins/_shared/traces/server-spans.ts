/** The spans of exchanges, named by the pattern of their endpoint: a path that clients choose would make endless names. */

import { STATUS_CODES } from 'node:http'
import type { EndpointFacts, FinishedExchange } from 'sluice/plugin'
import { type AttributeValue, intAttribute, RememberedText, textAttribute } from '../otlp/attributes.js'
import type { ProtoWriter } from '../otlp/proto-writer.js'
import { ByEndpoint } from './by-endpoint.js'
import * as keys from './keys.js'
import type { LayerTraces } from './layers.js'
import type { ExchangeSpan } from './open-span.js'
import type { FieldReport } from './reported-fields.js'
import { safeUrl } from './safe-url.js'
import { ATTRIBUTE, SERVER, type SpanOutput, type SpanShape, shapeOf } from './span-output.js'
import { joinStatics } from './static-attributes.js'

type Attributes = readonly (readonly [name: string, value: AttributeValue])[]

/** Status of exchanges whose client went away before it had its response. */
const ABORTED = 499

export interface ServerSpansOptions {
  readonly output: SpanOutput
  /** Static attributes of the layer. */
  readonly attributes: LayerTraces['attributes']
  readonly report: FieldReport | undefined
}

/** An endpoint whose exchanges are recorded. */
interface KnownRoute {
  readonly shape: SpanShape
  readonly output: SpanOutput
}

export class ServerSpans {
  private readonly options: ServerSpansOptions
  private readonly endpoints = new ByEndpoint<KnownRoute>()
  /** Of exchanges of no endpoint, by their status. */
  private readonly others = new Map<number, KnownRoute>()
  private readonly userAgent = new RememberedText(ATTRIBUTE, keys.USER_AGENT)
  private readonly method = new RememberedText(ATTRIBUTE, keys.METHOD)
  private readonly serverAddress = new RememberedText(ATTRIBUTE, keys.SERVER_ADDRESS)
  private readonly url = new RememberedText(ATTRIBUTE, keys.URL_FULL, safeUrl)

  constructor(options: ServerSpansOptions) {
    this.options = options
  }

  /** @param attributes static ones of the endpoint */
  addRoute(endpoint: EndpointFacts, attributes: LayerTraces['attributes'], output: SpanOutput): void {
    this.endpoints.set(endpoint, { shape: this.shapeOf(endpoint.ginPath, attributes), output })
  }

  private shapeOf(label: string, attributes: LayerTraces['attributes']): SpanShape {
    const fixed: Attributes = [
      ['krakend.stage', 'global'],
      ['http.route', label],
      ...joinStatics(attributes, this.options.attributes)
    ]
    return shapeOf(label, SERVER, fixed)
  }

  private routeOf(exchange: FinishedExchange, status: number): KnownRoute {
    let known = this.endpoints.of(exchange) ?? this.others.get(status)
    if (known === undefined) {
      const name = `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()
      known = { shape: this.shapeOf(name, []), output: this.options.output }
      this.others.set(status, known)
    }
    return known
  }

  finished(exchange: FinishedExchange, span: ExchangeSpan): void {
    const { error, firstByteAt } = exchange
    const endedAt = performance.now()
    const status = error?.code === 'SLUICE_ERR_CLIENT_ABORTED' ? ABORTED : exchange.status
    const { shape, output } = this.routeOf(exchange, status)
    const writer = output.open()
    const mark = writer.size
    if (status >= 500 || exchange.cut) output.failed(writer, error?.message ?? '')
    else output.ok(writer)
    if (firstByteAt !== 0) output.firstByte(writer, firstByteAt)
    const { report } = this.options
    if (report !== undefined && span.sentFields !== undefined) report.response(writer, span.sentFields)
    if (error !== undefined) textAttribute(writer, ATTRIBUTE, keys.ERROR_TYPE, error.code)
    intAttribute(writer, ATTRIBUTE, keys.RESPONSE_SIZE, exchange.bytesOut)
    intAttribute(writer, ATTRIBUTE, keys.STATUS, status)
    this.writeRequest(writer, span)
    output.close(writer, mark, span, shape, endedAt)
  }

  /** Attributes of a request; its fields are gone through once. */
  private writeRequest(writer: ProtoWriter, { req, clientAddress }: ExchangeSpan): void {
    const { rawHeaders, socket } = req
    let host = ''
    let userAgent: string | undefined
    let length: number | undefined = 0
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!
      switch (name.length) {
        case 4:
          if (name.toLowerCase() === 'host') host = rawHeaders[i + 1]!
          break
        case 10:
          if (name === ':authority') host = rawHeaders[i + 1]!
          else if (name.toLowerCase() === 'user-agent') userAgent = rawHeaders[i + 1]!
          break
        case 14:
          if (name.toLowerCase() === 'content-length') length = Number(rawHeaders[i + 1]!)
          break
        case 17:
          if (name.toLowerCase() === 'transfer-encoding') length = undefined
          break
        default:
      }
    }
    this.options.report?.request(writer, rawHeaders)
    const direct = clientAddress === socket.remoteAddress && socket.remotePort !== undefined
    const client = direct ? withPort(clientAddress, socket.remotePort!) : clientAddress
    textAttribute(writer, ATTRIBUTE, keys.CLIENT_ADDRESS, client)
    if (userAgent !== undefined) this.userAgent.write(writer, userAgent)
    if (length !== undefined) intAttribute(writer, ATTRIBUTE, keys.REQUEST_SIZE, length)
    this.method.write(writer, req.method ?? '')
    this.serverAddress.write(writer, host)
    this.url.write(writer, req.url ?? '')
  }
}

const withPort = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
