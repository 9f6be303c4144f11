import { GatewayError } from '../errors.js'
import { endToEndFields, type RawFields } from '../http/fields.js'
import { copyKept } from '../http/kept-escapes.js'
import { Body, DEFAULT_MAX_BODY_BYTES } from './body.js'
import type { ByteSource } from './byte-flow.js'
import type { Exchange } from './context.js'
import { HeaderMap } from './header-map.js'
import type { Scope } from './scope.js'

/** What a request is made of. */
export interface RequestInit {
  readonly exchange: Exchange
  /** What its upstream calls are cancelled with; default: the exchange's scope. */
  readonly scope?: Scope
  readonly method: string
  /** As received; at backend scope path and query of the call. */
  readonly target: string
  /** Raw, never decoded. */
  readonly path: string
  /** Raw, without '?'. */
  readonly query: string
  /** As the router matches it: decoded once, per segment. */
  readonly routePath: string
  /** Fields without hop-by-hop ones; the array becomes the request's own. undefined = the client's, taken when they are first asked for. */
  readonly raw: RawFields | undefined
  /** Becomes the request's own. undefined = none. */
  readonly params: Record<string, string> | undefined
  /** undefined = no body. */
  readonly source: ByteSource | undefined
  readonly origin?: string
  /** bytes; most to hold in memory. */
  readonly limit?: number
}

/** A request on its way in. What of it counts where is said in docs/plugins.md. */
export class GatewayRequest {
  method: string
  readonly target: string
  path: string
  query: string
  readonly routePath: string
  origin: string | undefined
  private pathParams: Record<string, string> | undefined
  /** Gateway use: addresses, cancellation, log facts. */
  readonly exchange: Exchange
  /** Gateway use: what its upstream calls are cancelled with. */
  readonly scope: Scope
  /** Gateway use: nobody else has this object, so it may be changed in place: {@link narrow}, {@link retarget}. */
  sole = false
  private rawFields: RawFields | undefined
  /** A call reads {@link rawFields}. */
  private lent = false
  private headerMap: HeaderMap | undefined
  private bodyView: Body | undefined
  private readonly source: ByteSource | undefined
  private limit: number

  /** As {@link GatewayRequest.from}, without an object in between: one is made per exchange. */
  constructor(
    exchange: Exchange,
    scope: Scope,
    method: string,
    target: string,
    path: string,
    query: string,
    routePath: string,
    origin: string | undefined,
    raw: RawFields | undefined,
    params: Record<string, string> | undefined,
    source: ByteSource | undefined,
    limit: number
  ) {
    this.method = method
    this.target = target
    this.path = path
    this.query = query
    this.routePath = routePath
    this.origin = origin
    this.pathParams = params
    this.exchange = exchange
    this.scope = scope
    this.rawFields = raw
    this.headerMap = undefined
    this.bodyView = undefined
    this.source = source
    this.limit = limit
  }

  static from(init: RequestInit): GatewayRequest {
    return new GatewayRequest(
      init.exchange,
      init.scope ?? init.exchange,
      init.method,
      init.target,
      init.path,
      init.query,
      init.routePath,
      init.origin,
      init.raw,
      init.params,
      init.source,
      init.limit ?? DEFAULT_MAX_BODY_BYTES
    )
  }

  /** Path parameters, decoded, by configured name; the object has no prototype. */
  get params(): Record<string, string> {
    this.pathParams ??= Object.create(null) as Record<string, string>
    return this.pathParams
  }

  set params(value: Record<string, string>) {
    this.pathParams = value
  }

  /** Gateway use: the parameters to read; undefined = none. */
  get knownParams(): Readonly<Record<string, string>> | undefined {
    return this.pathParams
  }

  get headers(): HeaderMap {
    if (this.headerMap === undefined) {
      if (this.lent) this.rawFields = this.raw.slice()
      this.headerMap = new HeaderMap(this.raw)
    }
    return this.headerMap
  }

  set headers(value: HeaderMap) {
    if (value === this.headerMap) return
    const copy = HeaderMap.from(value)
    this.headers.raw.splice(0, this.headers.raw.length, ...copy.raw)
  }

  get body(): Body {
    if (this.bodyView === undefined) {
      const body = new Body(new RequestBodyOwner(this), this.source, this.limit)
      // who listens to a body that is never sent hears of its end all the same
      if (this.source !== undefined) this.exchange.atEnd(() => body.discard(OVER))
      this.bodyView = body
    }
    return this.bodyView
  }

  /** The socket's peer. */
  get remoteAddress(): string {
    return this.exchange.remoteAddress
  }

  /** The client, after trusted proxies. */
  get clientAddress(): string {
    return this.exchange.clientAddress
  }

  /** The authority that the client named, host and port as sent; '' when it named none. */
  get host(): string {
    return this.exchange.host
  }

  /** True when the client's own connection is encrypted; says nothing about proxies in between. */
  get secure(): boolean {
    return this.exchange.secure
  }

  /** Aborts when the client goes away or the exchange runs out of time. */
  get signal(): AbortSignal {
    return this.scope.signal
  }

  /** One map for the whole exchange. */
  get state(): Map<unknown, unknown> {
    return this.exchange.state
  }

  /** A request with its own head. The body is shared: it can be sent once unless it is in memory. */
  clone(): GatewayRequest {
    const body = this.source === undefined && this.bodyView === undefined ? undefined : this.body
    const copy = GatewayRequest.from({
      exchange: this.exchange,
      scope: this.scope,
      method: this.method,
      target: this.target,
      path: this.path,
      query: this.query,
      routePath: this.routePath,
      raw: this.raw.slice(),
      params: copyParams(this.params),
      source: undefined,
      limit: this.limit,
      ...(this.origin === undefined ? {} : { origin: this.origin })
    })
    copy.bodyView = body
    return copy
  }

  /** Gateway use: the same request one level further in, with other fields and query; the body goes along. */
  derive(raw: RawFields, query: string, limit: number): GatewayRequest {
    const made = GatewayRequest.from({
      exchange: this.exchange,
      scope: this.scope,
      method: this.method,
      target: this.target,
      path: this.path,
      query,
      routePath: this.routePath,
      raw,
      params: this.pathParams,
      source: this.source,
      limit
    })
    if (this.bodyView !== undefined) {
      made.bodyView = this.bodyView
      made.bodyView.rehome(new RequestBodyOwner(made))
    }
    return made
  }

  /** Gateway use: as {@link derive}, without a new object: for a request that nobody has seen yet. */
  narrow(raw: RawFields, query: string, limit: number): this {
    this.rawFields = raw
    this.query = query
    this.limit = limit
    return this
  }

  /** Gateway use: makes a request that nobody has seen yet the one that a backend gets; the body stays. `target`: path and query. */
  retarget(method: string, target: string, origin: string, raw: RawFields): this {
    const line = this as { -readonly [K in 'target' | 'routePath']: string }
    const mark = target.indexOf('?')
    this.method = method
    line.target = target
    this.path = mark < 0 ? target : target.slice(0, mark)
    this.query = mark < 0 ? '' : target.slice(mark + 1)
    line.routePath = this.path
    this.origin = origin
    this.rawFields = raw
    return this
  }

  /** Gateway use: the live field array. */
  get raw(): RawFields {
    this.rawFields ??= endToEndFields(this.exchange.rawHeaders)
    return this.rawFields
  }

  /** Gateway use: the fields for a call, which only reads them; whoever asks for {@link headers} from then on gets a copy. */
  lendRaw(): RawFields {
    if (this.headerMap !== undefined) return this.raw.slice()
    this.lent = true
    return this.raw
  }

  /** Gateway use: fields to choose from: as {@link raw}, or the client's own, hop-by-hop ones included, while nobody has asked. */
  get unfiltered(): readonly string[] {
    return this.rawFields ?? this.exchange.rawHeaders
  }

  /** Gateway use: the body when somebody asked for it, else undefined; `bodySource` is then still whole. */
  get openedBody(): Body | undefined {
    return this.bodyView
  }

  /** Gateway use: where the body comes from while nobody has opened it. */
  get bodySource(): ByteSource | undefined {
    return this.source
  }

  /** Gateway use: puts back a body that was read into memory from {@link bodySource}; the fields stay as they are. */
  refill(bytes: Buffer): void {
    if (this.bodyView === undefined) this.bodyView = new Body(new RequestBodyOwner(this), bytes, this.limit)
  }

  /** True when the request carries a body, opened or not. */
  get hasBody(): boolean {
    return this.bodyView !== undefined ? this.bodyView.length !== 0 : this.source !== undefined
  }
}

const OVER = new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'the exchange is over' })

class RequestBodyOwner {
  readonly side = 'request'
  private readonly request: GatewayRequest

  constructor(request: GatewayRequest) {
    this.request = request
  }

  get headers(): HeaderMap {
    return this.request.headers
  }
}

/** Copies parameters into a null-prototype object: names come from a configuration, values from clients. */
export function copyParams(params: Readonly<Record<string, string>>): Record<string, string> {
  const out: Record<string, string> = Object.create(null)
  for (const name in params) out[name] = params[name]!
  copyKept(params, out)
  return out
}
