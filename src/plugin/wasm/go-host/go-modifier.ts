/** One message that a modifier of a Go module has, on the gateway's side. KrakenD's rules say which edits count at which scope. */

import { GatewayError } from '../../../errors.js'
import type { MessageBody } from '../../../message/body.js'
import { putJson } from '../../../message/json/exact-json.js'
import type { RequestMessage } from '../../../message/request.js'
import type { ResponseMessage } from '../../../message/response.js'
import { type Cancellable, ENDED } from '../../../message/scope.js'
import type { Span } from '../../../telemetry/span.js'
import { errorOf } from './go-failures.js'
import { applyEdits } from './go-fields.js'
import type { ExchangeHandle, GoHandles } from './go-handles.js'
import { type GoMessage, OP } from './go-messages.js'
import { GoOutput, GoReader } from './go-streams.js'

/** Bits of what a modifier has changed. */
const NEW_BYTES = 1
const NEW_STREAM = 2
const NO_BODY = 4
const NEW_DATA = 8

/** One member of the data: its text, '' when it was deleted. */
interface Member {
  readonly name: string
  readonly text: string
}

/** What a modifier has made of a message, read out of Go's memory. */
interface Outcome {
  readonly flags: number
  readonly apply: () => void
  readonly members: readonly Member[]
  readonly length: number
  readonly bytes: Buffer
  readonly stream: number
}

export class ModifierExchange implements ExchangeHandle, Cancellable {
  private readonly handles: GoHandles
  private readonly request: RequestMessage
  /** undefined: the request is modified. */
  private readonly response: ResponseMessage | undefined
  private readonly ofBackend: boolean
  private readonly id: number
  /** The span around the request when the plugin got it: what runs further in puts others there. */
  private readonly ownSpan: Span | undefined
  private resolve!: () => void
  private reject!: (cause: unknown) => void
  /** The new body is a stream of Go's. */
  private streams = false

  constructor(handles: GoHandles, request: RequestMessage, response: ResponseMessage | undefined, ofBackend: boolean) {
    this.handles = handles
    this.request = request
    this.response = response
    this.ofBackend = ofBackend
    this.ownSpan = request.span
    this.id = handles.begin(this)
  }

  /** An endpoint may have declined what was recorded before it. */
  get span(): Span | undefined {
    return this.request.exchange.span === undefined ? undefined : this.ownSpan
  }

  start(place: number): Promise<void> {
    const { request, response, handles, id } = this
    const { outbox } = handles.instance
    const done = new Promise<void>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    request.onOver(this)
    outbox
      .begin(response === undefined ? OP.modifyRequest : OP.modifyResponse)
      .u32(place)
      .u32(id)
    outbox
      .latin(request.method)
      .latin(this.ofBackend ? urlOf(request) : '')
      .latin(request.query)
      .latin(request.path)
    this.writeParams()
    outbox.pairs(request.raw)
    const hasBody = response === undefined && request.hasBody
    if (hasBody) this.readerOf(request.body)
    outbox.u32(hasBody ? 1 : 0)
    if (response !== undefined) this.writeResponse(response)
    outbox.done()
    handles.instance.flushSoon()
    return done
  }

  private writeResponse(response: ResponseMessage): void {
    const { outbox } = this.handles.instance
    const decoded = response.isComplete !== undefined
    outbox
      .u32(decoded ? 0 : response.status)
      .u32(response.isComplete === false ? 0 : 1)
      .u32(decoded ? 1 : 0)
      .pairs(response.raw)
    if (!decoded) this.readerOf(response.body)
  }

  /** Under KrakenD's keys: the first letter is upper case. */
  private writeParams(): void {
    const { outbox } = this.handles.instance
    const params = this.request.knownParams ?? {}
    const names = Object.keys(params)
    outbox.u32(names.length)
    for (const name of names) outbox.utf8(name.charAt(0).toUpperCase() + name.slice(1)).utf8(params[name]!)
  }

  private readerOf(body: MessageBody): void {
    this.handles.readers.set(this.id, new GoReader(this.handles, this.id, () => body.stream()))
  }

  // --- what Go asks for -------------------------------------------------------------------------------------------

  data(): void {
    this.handles.instance.afterwards({
      run: () => {
        this.response!.body.text().then(
          text => {
            this.handles.counts.toGo += text.length
            this.handles.wake(this.id, text)
          },
          error => this.end(error)
        )
      }
    })
  }

  modified(flags: number, message: GoMessage): void {
    const apply = this.response === undefined ? this.requestEdits(message) : this.responseEdits(message, this.response)
    const members = this.response === undefined ? [] : membersOf(message)
    const length = message.i64()
    const stream = (flags & NEW_STREAM) === 0 ? 0 : message.u32()
    const bytes = message.rest()
    const outcome: Outcome = { flags, apply, members, length, bytes, stream }
    const body = this.response?.body ?? (flags === 0 ? undefined : this.request.body)
    const output = stream === 0 ? undefined : this.outputOf(-stream, length)
    this.handles.instance.afterwards({ run: () => this.finish(outcome, body, output) })
  }

  /** A stream of the author's may read the old body: that is let go with the new one. */
  private outputOf(handle: number, length: number): GoOutput {
    const { readers } = this.handles
    readers.get(this.id)?.hold()
    this.streams = true
    return new GoOutput(this.handles, handle, length < 0 ? undefined : length, () => readers.get(this.id)?.discard())
  }

  private requestEdits(message: GoMessage): () => void {
    const { request } = this
    const [method, url, query, path] = [message.latin(), message.latin(), message.latin(), message.latin()]
    const edits = message.edits()
    const params: [string, string][] = []
    for (let left = message.u32(); left > 0; left--) params.push([message.utf8(), message.utf8()])
    return () => {
      if (this.ofBackend) {
        request.method = method
        if (url !== urlOf(request)) moveTo(request, url)
      } else {
        if (query !== request.query) request.query = query
        for (const [name, value] of params) setParam(request.params, name, value)
      }
      void path // counts nowhere
      applyEdits(request.headers, edits)
    }
  }

  private responseEdits(message: GoMessage, response: ResponseMessage): () => void {
    const status = message.u32()
    const complete = message.u32() === 1
    const edits = message.edits()
    return () => {
      if (response.isComplete === undefined) {
        if (status !== response.status) response.status = Math.min(599, Math.max(200, status))
      } else if (response.isComplete !== complete) response.isComplete = complete
      applyEdits(response.headers, edits)
    }
  }

  private finish(outcome: Outcome, body: MessageBody | undefined, output: GoOutput | undefined): void {
    const { flags, members, bytes } = outcome
    try {
      // the body first: an edit drops fields of the old body, and those that Go has set are of the new one
      if (output !== undefined) body!.put(output.source, true)
      else if ((flags & NEW_BYTES) !== 0) {
        this.handles.counts.fromGo += bytes.length
        body!.put(bytes, true)
      } else if ((flags & NO_BODY) !== 0 && body !== undefined && body.length !== 0) body.set('')
      outcome.apply()
      if ((flags & NEW_DATA) === 0) return this.end(undefined)
      body!
        .editJson<object>(value => {
          for (const member of members) putMember(value, member)
        })
        .then(
          () => this.end(undefined),
          error => this.end(error)
        )
    } catch (error) {
      this.end(error)
    }
  }

  failed(status: number, text: string): void {
    this.handles.instance.afterwards({ run: () => this.end(errorOf(status, text)) })
  }

  lost(cause: Error): void {
    this.end(new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: cause.message, cause }))
  }

  private end(error: unknown): void {
    const { handles, id } = this
    this.request.offOver(this)
    handles.exchanges.delete(id)
    if (error !== undefined) handles.readers.get(id)?.discard()
    else if (!this.streams) handles.readers.delete(id)
    if (error === undefined) this.resolve()
    else this.reject(error)
  }

  cancel(reason: GatewayError): void {
    if (reason === ENDED && !this.handles.exchanges.has(this.id)) return
    this.handles.instance.outbox.begin(OP.cancel).u32(this.id).done()
    this.handles.instance.flush()
  }
}

function urlOf({ origin = '', path, query }: RequestMessage): string {
  return `${origin}${path}${query === '' ? '' : `?${query}`}`
}

/** The URL of the backend's call counts: scheme, host, path and query. */
function moveTo(request: RequestMessage, url: string): void {
  const host = url.indexOf('//')
  if (host < 0) return
  const slash = url.indexOf('/', host + 2)
  const mark = url.indexOf('?', host + 2)
  const end = Math.min(slash < 0 ? url.length : slash, mark < 0 ? url.length : mark)
  const origin = url.slice(0, end)
  const target = url.slice(end)
  const at = target.indexOf('?')
  if (origin !== request.origin) request.origin = origin
  request.path = (at < 0 ? target : target.slice(0, at)) || '/'
  request.query = at < 0 ? '' : target.slice(at + 1)
}

function setParam(params: Record<string, string>, name: string, value: string): void {
  const lower = name.toLowerCase()
  params[Object.keys(params).find(known => known.toLowerCase() === lower) ?? name] = value
}

function membersOf(message: GoMessage): Member[] {
  const members: Member[] = []
  for (let left = message.u32(); left > 0; left--) members.push({ name: message.utf8(), text: message.utf8() })
  return members
}

function putMember(value: object, { name, text }: Member): void {
  if (text === '') delete (value as Record<string, unknown>)[name]
  else putJson(value, value, name, text)
}
