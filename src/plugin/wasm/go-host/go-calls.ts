/** Calls and connections that a Go module makes. */

import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { messageOf } from '../../../errors.js'
import type { ByteSource } from '../../../message/byte-flow.js'
import { internals } from '../../../message/internals.js'
import type { RequestMessage } from '../../../message/request.js'
import type { ResponseMessage } from '../../../message/response.js'
import { ENDED } from '../../../message/scope.js'
import type { Next } from '../../../pipe/next.js'
import type { Span } from '../../../telemetry/span.js'
import type { OutboundClient, OutboundTls } from '../../outbound.js'
import { applyEdits } from './go-fields.js'
import { BODY, type GoBody, type GoCall, type GoHandles } from './go-handles.js'
import { type FieldEdit, OP } from './go-messages.js'
import { GoReader } from './go-streams.js'

/** What {@link GoNext} and {@link GoCall} have in common. */
interface SentCall {
  readonly id: number
  readonly method: string
  readonly path: string
  readonly query: string
  readonly edits: readonly FieldEdit[]
  readonly body: GoBody
}

/** A call that Go no longer waits for cannot be ended: its response is let go when it comes. */
const nothing = (): void => {}

/**
 * Makes a request what Go has made of it.
 * @param exchange whose body Go may be reading: it goes on reading that one
 * @throws TypeError for illegal fields; GatewayError for a body that cannot be replaced
 */
export function prepareCall(handles: GoHandles, exchange: number, request: RequestMessage, call: SentCall): void {
  if (request.method !== call.method) request.method = call.method
  if (request.path !== call.path) request.path = call.path
  if (request.query !== call.query) request.query = call.query
  const { how, bytes, source } = call.body
  // the body first: an edit drops fields of the old body, and those that Go has set are of the new one
  if (how === BODY.none) {
    if (request.body.length !== 0) request.body.set('')
  } else if (how === BODY.inline) request.body.put(bytes, true)
  else if (source !== undefined) {
    handles.readers.get(exchange)?.hold()
    request.body.put(source, true)
  }
  applyEdits(request.headers, call.edits)
  handles.openings.set(call.id, nothing)
}

/** Where the gateway's own call of a backend stands. */
export interface BackendCalls {
  readonly handles: GoHandles
  readonly exchange: number
  readonly request: RequestMessage
  readonly next: Next
}

/** The gateway's own call of a backend, once for each call of Go. Redirects are Go's. */
export function callBackend({ handles, exchange, request, next }: BackendCalls, call: GoCall): void {
  const failed = (error: unknown): void => {
    handles.openings.delete(call.id)
    call.body.source?.destroy(ENDED)
    failCall(handles, call.id, error)
  }
  try {
    const sent = request.clone()
    sent.followsRedirects = false
    prepareCall(handles, exchange, sent, call)
    next(sent).then(response => {
      if (handles.openings.delete(call.id)) answerCall(handles, call.id, internals(response), false)
      else response.discard()
    }, failed)
  } catch (error) {
    failed(error)
  }
}

/** Facts about a response, for Go. */
const HAS_BODY = 1
const UNZIPPED = 2

/** Gives the response of a call to Go. */
function answerCall(handles: GoHandles, id: number, response: ResponseMessage, unzipped: boolean): void {
  const { instance } = handles
  if (!instance.alive) return response.discard()
  const bytes = !response.bodiless && response.openedBody?.length !== 0
  const facts = (bytes ? HAS_BODY : 0) | (unzipped ? UNZIPPED : 0)
  instance.outbox.begin(OP.wake).u32(id).u32(response.status).u32(facts).pairs(response.raw).done()
  if (bytes) {
    handles.readers.set(id, responseReader(handles, id, response))
  } else response.discard()
  instance.flushSoon()
}

/** The body of a response, for Go. */
export function responseReader(handles: GoHandles, id: number, response: ResponseMessage): GoReader {
  const open = (): Readable => response.body.stream()
  return new GoReader(handles, id, open, () => response.discard())
}

/** Tells Go that there is no response. */
function failCall(handles: GoHandles, id: number, error: unknown): void {
  const { instance } = handles
  instance.outbox.begin(OP.wake).u32(id).u32(0).utf8(messageOf(error)).done()
  instance.flushSoon()
}

/** An error as Go's client tells it: plugins look for its words. What was called stands in the error that http.Client puts around it. */
function goText(message: string): string {
  return message
    .replace(/^[A-Z]+ "[^"]*": /, '')
    .replace(/^connect ECONNREFUSED (\S+)/, 'dial tcp $1: connect: connection refused')
    .replace(/^getaddrinfo \w+ (\S+)/, 'dial tcp: lookup $1: no such host')
}

const INSECURE: OutboundTls = { insecure: true }

/**
 * A call to any server. Redirects are Go's.
 * @param span of the plugin that makes it
 */
export function callOut(handles: GoHandles, client: OutboundClient, call: GoCall, span: Span | undefined): void {
  const { id, body, query, host, origin } = call
  const fields = [...call.fields]
  if (host !== '' && !origin.endsWith(`//${host}`)) fields.unshift('Host', host)
  const path = `${call.path === '' ? '/' : call.path}${query === '' ? '' : `?${query}`}`
  const content: Buffer | ByteSource | undefined = body.how === BODY.inline ? body.bytes : body.source
  const { method, gunzip, insecure, proxy } = call
  let over = false
  const sent = client.send(
    {
      method,
      origin,
      path,
      fields,
      body: content,
      gunzip,
      span,
      ...(insecure ? { tls: INSECURE } : {}),
      ...(proxy === undefined ? {} : { proxy })
    },
    {
      receive(response, unzipped) {
        over = true
        handles.openings.delete(id)
        answerCall(handles, id, response, unzipped)
      },
      reject(error) {
        over = true
        handles.openings.delete(id)
        failCall(handles, id, new Error(goText(error.message)))
      }
    }
  )
  if (!over) handles.openings.set(id, () => sent.cancel())
}

/** A TCP connection. */
export function dial(handles: GoHandles, id: number, network: string, address: string): void {
  const { instance } = handles
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[|\]$/g, '')
  const family = network === 'tcp4' ? 4 : network === 'tcp6' ? 6 : 0
  const port = Number(address.slice(at + 1))
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return failCall(handles, id, new Error(`unknown port in ${address}`))
  const socket = connect({ host: host === '' ? '127.0.0.1' : host, port, family })
  let opened = false
  handles.openings.set(id, () => socket.destroy())
  socket
    .on('error', error => {
      handles.openings.delete(id)
      if (!opened) failCall(handles, id, new Error(goText(error.message).replace(/^dial tcp \S+ /, '')))
    })
    .on('connect', () => {
      opened = true
      handles.openings.delete(id)
      socket.setNoDelay(true)
      handles.readers.set(id, new GoReader(handles, id, () => socket))
      handles.outputs.set(-id, new SocketOutput(handles, id, socket))
      instance.outbox.begin(OP.wake).u32(id).u32(1).done()
      instance.flush()
    })
}

/** Our direction of a connection. */
class SocketOutput {
  private readonly handles: GoHandles
  private readonly socket: Socket

  constructor(handles: GoHandles, id: number, socket: Socket) {
    this.handles = handles
    this.socket = socket
    const over = (): void => {
      handles.outputs.delete(-id)
      handles.wake(-id, 'gone')
    }
    socket.on('drain', () => handles.wake(-id)).on('close', over)
  }

  write(at: number, length: number): number {
    const { socket, handles } = this
    if (socket.destroyed || socket.writableEnded) return -1
    return socket.write(Buffer.from(handles.instance.memory().subarray(at, at + length))) ? 1 : 0
  }

  end(): void {
    this.socket.end()
  }

  fail(): void {
    this.socket.destroy()
  }
}
