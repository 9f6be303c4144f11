import { GatewayError } from '../errors.js'
import { endToEndFields, type RawFields } from '../http/fields.js'
import { copyKept } from '../http/kept-escapes.js'
import type { Span } from '../telemetry/span.js'
import { MessageBody } from './body.js'
import type { ByteSource } from './byte-flow.js'
import type { Exchange } from './context.js'
import { FieldMap } from './field-map.js'
import type { GatewayRequest, HeaderMap } from './public.js'
import type { Cancellable, Scope } from './scope.js'

/** What a request is made of. */
export interface RequestParts {
  readonly exchange: Exchange
  /** What its upstream calls are cancelled with; mostly the exchange itself. */
  readonly scope: Scope
  /** The span around the request; undefined = the exchange is not recorded. */
  readonly span: Span | undefined
  readonly method: string
  /** As received; at backend scope path and query of the call. */
  readonly target: string
  /** Raw, never decoded. */
  readonly path: string
  /** Raw, without '?'. */
  readonly query: string
  /** As the router matches it: decoded once, per segment. */
  readonly routePath: string
  /** Backend scope: scheme, host and port of the call. */
  readonly origin: string | undefined
  /** Fields without hop-by-hop ones; the array becomes the request's own. undefined = the client's, taken on the first read. */
  readonly raw: RawFields | undefined
  /** Becomes the request's own. undefined = none. */
  readonly params: Record<string, string> | undefined
  /** undefined = no body. */
  readonly source: ByteSource | undefined
  /** bytes; most to hold in memory. */
  readonly limit: number
}

/** A request with what the gateway needs of it. Plugins see {@link GatewayRequest}. */
export class RequestMessage implements GatewayRequest {
  method: string
  readonly target: string
  path: string
  query: string
  readonly routePath: string
  origin: string | undefined
  private pathParams: Record<string, string> | undefined
  readonly exchange: Exchange
  /** What its upstream calls are cancelled with. */
  readonly scope: Scope
  /** The span around this request; undefined = the exchange is not recorded. */
  span: Span | undefined
  /** True while no plugin or component can hold this object: it may be changed in place ({@link narrow}, {@link retarget}). */
  sole = false
  /** Backend scope: false hands a 3xx back as the response of this call, whatever the backend's plan says. */
  followsRedirects = true
  /** Fields that plugins further out have set for the response, where a plugin further in goes on with them; undefined = none. */
  outerFields: RawFields | undefined
  private rawFields: RawFields | undefined
  /** A call reads {@link rawFields}. */
  private lent = false
  private fieldMap: FieldMap | undefined
  private openBody: MessageBody | undefined
  /** Where the body comes from while {@link openedBody} is undefined. */
  readonly bodySource: ByteSource | undefined
  private limit: number

  constructor(parts: RequestParts) {
    this.method = parts.method
    this.target = parts.target
    this.path = parts.path
    this.query = parts.query
    this.routePath = parts.routePath
    this.origin = parts.origin
    this.pathParams = parts.params
    this.exchange = parts.exchange
    this.scope = parts.scope
    this.span = parts.span
    this.outerFields = undefined
    this.rawFields = parts.raw
    this.fieldMap = undefined
    this.openBody = undefined
    this.bodySource = parts.source
    this.limit = parts.limit
  }

  get params(): Record<string, string> {
    this.pathParams ??= Object.create(null) as Record<string, string>
    return this.pathParams
  }

  set params(value: Record<string, string>) {
    this.pathParams = value
  }

  /** The parameters to read; undefined = none. */
  get knownParams(): Readonly<Record<string, string>> | undefined {
    return this.pathParams
  }

  get headers(): FieldMap {
    if (this.fieldMap === undefined) {
      if (this.lent) this.rawFields = this.raw.slice()
      this.fieldMap = new FieldMap(this.raw)
    }
    return this.fieldMap
  }

  set headers(value: HeaderMap) {
    if (value !== this.fieldMap) this.headers.replaceBy(value)
  }

  get body(): MessageBody {
    if (this.openBody === undefined) {
      const body = new MessageBody(new RequestBodyOwner(this), this.bodySource, this.limit)
      // an observer of a body that is never sent hears of its end all the same
      if (this.bodySource !== undefined) this.exchange.atEnd(() => body.discard(OVER))
      this.openBody = body
    }
    return this.openBody
  }

  get remoteAddress(): string {
    return this.exchange.remoteAddress
  }

  get clientAddress(): string {
    return this.exchange.clientAddress
  }

  get host(): string {
    return this.exchange.host
  }

  set host(value: string) {
    this.exchange.host = value
  }

  get secure(): boolean {
    return this.exchange.secure
  }

  get upgrading(): boolean {
    return this.exchange.offer !== undefined
  }

  get signal(): AbortSignal {
    return this.scope.signal
  }

  get state(): Map<unknown, unknown> {
    return this.exchange.state
  }

  note(error: GatewayError): void {
    this.exchange.note(error)
  }

  /**
   * Calls `watcher.cancel` once: with the reason when the client leaves or a deadline passes, else at the end of the exchange with
   * `ENDED` (scope.ts). Costs no AbortController.
   */
  onOver(watcher: Cancellable): void {
    this.scope.add(watcher)
  }

  /** Takes {@link onOver} back. */
  offOver(watcher: Cancellable): void {
    this.scope.remove(watcher)
  }

  clone(): RequestMessage {
    const body = this.bodySource === undefined && this.openBody === undefined ? undefined : this.body
    const copy = new RequestMessage({
      exchange: this.exchange,
      scope: this.scope,
      span: this.span,
      method: this.method,
      target: this.target,
      path: this.path,
      query: this.query,
      routePath: this.routePath,
      origin: this.origin,
      raw: this.raw.slice(),
      params: copyParams(this.params),
      source: undefined,
      limit: this.limit
    })
    copy.openBody = body
    copy.followsRedirects = this.followsRedirects
    copy.outerFields = this.outerFields
    return copy
  }

  /** Returns the same request one level further in, with other fields and query; the body goes along. */
  derive(raw: RawFields, query: string, limit: number): RequestMessage {
    const made = new RequestMessage({
      exchange: this.exchange,
      scope: this.scope,
      span: this.span,
      method: this.method,
      target: this.target,
      path: this.path,
      query,
      routePath: this.routePath,
      origin: undefined,
      raw,
      params: this.pathParams,
      source: this.bodySource,
      limit
    })
    made.outerFields = this.outerFields
    if (this.openBody !== undefined) {
      made.openBody = this.openBody
      made.openBody.rehome(new RequestBodyOwner(made))
    }
    return made
  }

  /** As {@link derive} in place, for a {@link sole} request. */
  narrow(raw: RawFields, query: string, limit: number): this {
    this.rawFields = raw
    this.query = query
    this.limit = limit
    return this
  }

  /** Makes a {@link sole} request the one that a backend gets; the body stays. `target`: path and query. */
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

  /** The live field array. */
  get raw(): RawFields {
    this.rawFields ??= endToEndFields(this.exchange.rawHeaders)
    return this.rawFields
  }

  /** Returns the fields for a call, which only reads them. Who reads {@link headers} afterwards gets a copy. */
  lendRaw(): RawFields {
    if (this.fieldMap !== undefined) return this.raw.slice()
    this.lent = true
    return this.raw
  }

  /** Fields to choose from: {@link raw}, or the client's own, hop-by-hop ones included, while `raw` was never read. */
  get unfiltered(): readonly string[] {
    return this.rawFields ?? this.exchange.rawHeaders
  }

  /** The body when {@link body} was read before, else undefined: {@link bodySource} is then still whole. */
  get openedBody(): MessageBody | undefined {
    return this.openBody
  }

  /** Puts back a body that was read into memory from {@link bodySource}; the fields stay as they are. */
  refill(bytes: Buffer): void {
    if (this.openBody === undefined) this.openBody = new MessageBody(new RequestBodyOwner(this), bytes, this.limit)
  }

  get hasBody(): boolean {
    return this.openBody !== undefined ? this.openBody.length !== 0 : this.bodySource !== undefined
  }
}

const OVER = new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'the exchange is over' })

class RequestBodyOwner {
  readonly side = 'request'
  private readonly request: RequestMessage

  constructor(request: RequestMessage) {
    this.request = request
  }

  get headers(): FieldMap {
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
