/** Calls that plugins make to any server, through the gateway's own HTTP client: gateway-use, for plugins that cannot call by themselves. */

import type { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import type { ByteSource } from '../message/byte-flow.js'
import type { ResponseMessage } from '../message/response.js'
import type { Scope } from '../message/scope.js'
import type { Span } from '../telemetry/span.js'

/** TLS settings of calls. An object that is used again finds its connections again. */
export interface OutboundTls {
  /** The certificate is not verified. */
  readonly insecure?: boolean
  /** PEM; these authorities count in place of Node's. */
  readonly roots?: string
  /** PEM of the client's certificate and its key. */
  readonly certificate?: string
  readonly key?: string
  /** The name to ask for and verify, in place of the origin's. */
  readonly serverName?: string
}

export interface OutboundRequest {
  readonly method: string
  /** `http://host:port` or `https://…`. */
  readonly origin: string
  /** With the query, ready for the request line. */
  readonly path: string
  /** Without framing; `Host` in place of the origin's is one of them. Read only. */
  readonly fields: RawFields
  /** Bytes, or a source that flows once. */
  readonly body: Buffer | ByteSource | undefined
  readonly tls?: OutboundTls
  /** The proxy's URL; null = none. Default: what the gateway's environment says. */
  readonly proxy?: string | null
  /** ms until the last byte of the response; 0 or absent = no limit. */
  readonly timeoutMs?: number
  /** The call ends with it, an exchange or a part of one. */
  readonly scope?: Scope
  /** The span that the call is made in, which records it; undefined = it is not recorded. */
  readonly span?: Span | undefined
  /** Ends the call. */
  readonly signal?: AbortSignal
  /** Asks for gzip where `fields` ask for no coding, and undoes it, as Go's transport does. */
  readonly gunzip?: boolean
}

/** Takes the outcome of a call: exactly one of the two is called, once. Neither throws. */
export interface OutboundReceiver {
  /** The head is there, of any status: redirects are not followed. `unzipped`: the client has undone a gzip that it asked for. */
  receive(response: ResponseMessage, unzipped: boolean): void
  reject(error: GatewayError): void
}

export interface OutboundCall {
  /** Ends the call: the receiver, or the reader of the response's body, gets the reason. Does nothing when it is over. */
  cancel(reason?: GatewayError): void
}

export interface OutboundClient {
  /** Sends a request. Never throws; the receiver may be called before it returns. */
  send(request: OutboundRequest, receiver: OutboundReceiver): OutboundCall
}
