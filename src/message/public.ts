/**
 * Messages as plugins and components see them. What stands here is public and stays; what the gateway adds for itself is in the
 * classes that implement it, and `internals.ts` is the one door between the two. Rules in full: docs/plugins.md.
 */

import type { Readable, Transform } from 'node:stream'
import type { GatewayError } from '../errors.js'

/** A request on its way in. Which edits count depends on the scope (docs/plugins.md). */
export interface GatewayRequest {
  /** As received; at backend scope that of the call. */
  method: string
  /** As received; at backend scope path and query of the call. */
  readonly target: string
  /** Raw, never decoded. */
  path: string
  /** Raw, without '?'. */
  query: string
  /** The path as the router matches it: decoded once, per segment. Security compares this one. */
  readonly routePath: string
  /** Backend scope: `http://10.0.0.1:8080`. May be set. */
  origin: string | undefined
  /** Without hop-by-hop fields. Assigning another map replaces all fields. */
  headers: HeaderMap
  /** Path parameters, decoded, by configured name; the object has no prototype. */
  params: Record<string, string>
  /** Empty when {@link hasBody} is false. */
  readonly body: Body
  /** True when the request carries a body. Asking this reads nothing. */
  readonly hasBody: boolean
  /** Address of the socket's peer. */
  readonly remoteAddress: string
  /** Address of the client, behind trusted proxies. */
  readonly clientAddress: string
  /** Host and port as the client sent them; '' when it sent none. What is set goes on as `X-Forwarded-Host`. */
  host: string
  /** True when the client's own connection is encrypted; says nothing about proxies in between. */
  readonly secure: boolean
  /** True when the client asks for another protocol (`Upgrade: websocket`) and the exchange may become a tunnel. */
  readonly upgrading: boolean
  /** Aborts when the client leaves or the deadline of the exchange passes. Made on first read. */
  readonly signal: AbortSignal
  /** One map for the whole exchange. Made on first read. */
  readonly state: Map<unknown, unknown>
  /** Adds a failure to the access log of the exchange; the response stays what it is. */
  note(error: GatewayError): void
  /** Returns a request with its own head. The body is shared: it can be sent once unless it is in memory. */
  clone(): GatewayRequest
}

/** A response on its way out. One object serves one request. */
export interface GatewayResponse {
  /** 200…599; 101 when {@link upgraded}. */
  status: number
  /** Without hop-by-hop fields. Assigning another map replaces all fields. */
  headers: HeaderMap
  /** Empty for HEAD, 204 and 304, unless {@link giveBody} was called. */
  readonly body: Body
  /**
   * Whether decoded data is complete: false when a backend's part is missing. undefined for bytes, a plugin's own response, and
   * outside of an endpoint's modifiers, where the finished response says it in `X-Krakend-Completed`. May be set for decoded data.
   */
  isComplete: boolean | undefined
  /**
   * The status that decoded data tells of: that of the upstream where `return_error_details` made data of a failure, or what a script has
   * set; 0 otherwise. Scripts, expressions and `auth/signer` read it; the client gets {@link status}.
   */
  metadataStatus: number
  /** The failure behind a partial or static response; undefined when nothing failed. */
  readonly failure: GatewayError | undefined
  /** URL of the upstream call that returned it; undefined for a response of the gateway or of a plugin. */
  readonly upstreamUrl: string | undefined
  /** True when the upstream has changed the protocol: the response stands for its connection and has no body. */
  readonly upgraded: boolean
  /** Lets a response that describes a body which does not travel (HEAD, 204, 304) have one from now on. Its Content-Length goes. */
  giveBody(): void
  /** Lets a response of `next` go that is not sent on: frees its upstream connection. Can be called again. */
  discard(): void
}

/** A status, or status (200…599) and headers. `maxBodyBytes`: most bytes of its body that a reader may hold; default 10 MiB. */
export type Init = number | { status?: number; headers?: HeadersLike; maxBodyBytes?: number }

/** Makes responses. Illegal statuses throw a RangeError, illegal headers a TypeError. */
export interface GatewayResponseConstructor {
  readonly prototype: GatewayResponse
  new (init?: Init): GatewayResponse
  /** Plain text, `text/plain; charset=utf-8` unless given. */
  text(text: string, init?: Init): GatewayResponse
  /** A JSON value, `application/json; charset=utf-8` unless given. The value is copied before a plugin edits it. */
  json(value: unknown, init?: Init): GatewayResponse
  /** No body; 204 unless a status is given. */
  empty(init?: Init): GatewayResponse
  /** A body that is read while it is sent; without a Content-Type unless given. */
  stream(source: Readable | AsyncIterable<Uint8Array>, init?: Init): GatewayResponse
  /** An upstream's response that was kept, with the fields it came with. For caches. */
  stored(kept: StoredResponse): GatewayResponse
}

/** A response that was kept, as it came from upstream. Nothing of it is checked again. */
export interface StoredResponse {
  /** The status of the upstream, 200…599. */
  readonly status: number
  /** `[name, value, …]`, without hop-by-hop fields; becomes the response's own. */
  readonly fields: string[]
  /** undefined = no body travels although the fields describe one (HEAD, 304). */
  readonly body: Buffer | undefined
  /** See {@link GatewayResponse.upstreamUrl}. */
  readonly url: string
  /** Most bytes of it that a reader may hold, decoded. Default 10 MiB. */
  readonly maxBodyBytes?: number
}

/** Header fields: names without regard to case; order, repeats and spelling are kept. */
export interface HeaderMap {
  /** Repeats joined with ', '; of `Set-Cookie`, which cannot be joined (RFC 6265 §3), the first. */
  get(name: string): string | undefined
  /** Values of all fields of that name, in order; [] when there is none. */
  getAll(name: string): string[]
  /** True when there is a field of that name. */
  has(name: string): boolean
  /**
   * Replaces all values; the field keeps the place of the first one.
   * @throws TypeError on illegal names and values, and on fields of framing
   */
  set(name: string, value: string | readonly string[]): void
  /** @throws TypeError as {@link set} */
  append(name: string, value: string): void
  /** Deletes all fields of that name; nothing happens when there is none. */
  delete(name: string): void
  /** Deletes all fields whose names begin so. */
  deletePrefixed(prefix: string): void
  [Symbol.iterator](): IterableIterator<[name: string, value: string]>
}

/** Makes header maps. */
export interface HeaderMapConstructor {
  readonly prototype: HeaderMap
  new (): HeaderMap
  /**
   * Builds a map from pairs or an object, or copies a map: framing, which described another body, is not copied.
   * @throws TypeError as {@link HeaderMap.set}
   */
  from(init: HeadersLike): HeaderMap
}

/** What makes headers: a map, pairs, or an object. */
export type HeadersLike = HeaderMap | Iterable<readonly [string, string]> | Readonly<Record<string, string | readonly string[]>>

/**
 * One body with three views: bytes, decoded value, tokens. Nothing is decoded until a plugin asks, and then once; calls act in
 * the order they are made. What was only read travels on to the bit.
 */
export interface Body {
  /** Bytes as they will travel, when known without reading: not behind a stage that may change them. */
  readonly length: number | undefined
  /** Fields that come after the body, complete once it has ended. Those of a response can be set until then. */
  readonly trailers: HeaderMap

  /** Lets an observer see the bytes. `decoded`: with the Content-Encoding undone; the body travels encoded all the same. */
  tap(observer: Observer | ((chunk: Uint8Array) => void), options?: { decoded?: boolean }): void
  /** Sends the bytes through a stage. `decoded`: undoes the Content-Encoding first, and drops the field. */
  transform(stage: ByteStage | Transform, options?: { decoded?: boolean }): void
  /** Takes the body; give one back with {@link set}, or it travels empty. */
  stream(options?: { decoded?: boolean }): Readable
  /** Returns the bytes as they travel. @throws GatewayError SLUICE_ERR_BODY_TOO_LARGE; the body stays as it was. */
  buffer(limitBytes?: number): Promise<Buffer>
  /** Returns the bytes at once when they are in memory and no stage is left to run, else undefined. */
  bytesInMemory(): Buffer | undefined
  /** The body as text, with its Content-Encoding undone. */
  text(limitBytes?: number): Promise<string>
  /** Replaces the body. Earlier stages do not run, earlier observers get `abort`. */
  set(bytes: Uint8Array | string | Readable): void

  /**
   * Returns the JSON value, `undefined` when the body is empty; every reader gets the same object.
   * @throws GatewayError SLUICE_ERR_BODY_NOT_JSON, SLUICE_ERR_BODY_TOO_LARGE, SLUICE_ERR_BODY_ENCODING; the body stays as it was
   */
  json<T = unknown>(limitBytes?: number): Promise<T | undefined>
  /**
   * Returns the JSON value, decoded only where a reader looks: objects and arrays are views. `undefined` when the body is empty. After
   * edits of a view call {@link touchJson}. What was not edited is sent as it came. Views of before a call of `json` or of a method
   * that works on bytes are not to be used any more.
   * @throws GatewayError as {@link json}, and SLUICE_ERR_BODY_NOT_JSON for a value that nests more than 1000 deep
   */
  lazyJson(limitBytes?: number): Promise<LazyJson | undefined>
  /** Returns what {@link lazyJson} resolves with, at once, where the gateway has decoded the body; else undefined. */
  lazyJsonInMemory(): LazyJson | undefined
  /**
   * Returns the body's JSON text in UTF-8, which is one value with nothing but white space around it: checked, and not decoded.
   * `undefined` when the body is empty. The bytes are not to be changed.
   * @throws GatewayError as {@link lazyJson}
   */
  jsonBytes(limitBytes?: number): Promise<Uint8Array | undefined>
  /**
   * Declares that a reader which has asked for views once, by {@link lazyJson} or {@link lazyJsonInMemory}, uses none of them any more. The
   * gateway may then use their memory for another body once the response is out. Without it garbage collection frees the memory.
   */
  dropViews(): void
  /** Calls `edit` with the value and sends what it returns, or the value it changed. Not called when there is no JSON body. */
  editJson<T = unknown>(edit: (value: T) => T | void, limitBytes?: number): Promise<void>
  /** Replaces the body by a value, which is copied before a plugin edits it, or by a view. */
  setJson(value: unknown): void
  /** Declares that the object of {@link json}, or a view of {@link lazyJson}, was changed. */
  touchJson(): void

  /** Sends the JSON through a token stage: any size at constant memory. */
  tokens(stage: TokenStage): void
}

/** A JSON value that is decoded where a reader looks: a scalar, or a view. */
export type LazyJson = string | number | boolean | null | LazyObject | LazyArray

/** A view of a JSON object. Keys stand in the order of the text; of a key that stands there twice the last value counts. */
export interface LazyObject {
  readonly kind: 'object'
  /** How many members there are. */
  readonly count: number
  /** True when there is a member of that key. */
  has(key: string): boolean
  /** The value of a member, undefined when there is none. Every call returns the same view. */
  get(key: string): LazyJson | undefined
  /** Keys of all members, in order. */
  keys(): string[]
  /** The JSON text of a member as it was written, undefined when there is none. A number has all its digits there. */
  text(key: string): string | undefined
  /** @throws RangeError for a value that holds this object, for nesting beyond 1000 levels, and for numbers that JSON does not have */
  set(key: string, value: LazyJson): void
  /** Takes a member out. Returns false when there was none. */
  delete(key: string): boolean
  /** About how many bytes the value takes as text. It counts no further than `most`. */
  size(most: number): number
}

/** A view of a JSON array. */
export interface LazyArray {
  readonly kind: 'array'
  /** How many items there are. */
  readonly length: number
  /** The item at an index from 0, undefined when there is none. Every call returns the same view. */
  get(index: number): LazyJson | undefined
  /** The JSON text of an item, as {@link LazyObject.text}. */
  text(index: number): string | undefined
  /** Sets an item; beyond the end the array is filled up with null. @throws RangeError as {@link LazyObject.set}, and for what is no index */
  set(index: number, value: LazyJson): void
  /** Takes an item out; those behind it move up. */
  remove(index: number): boolean
  /** As {@link LazyObject.size}. */
  size(most: number): number
}

/** Makes empty objects and arrays, to be set in views or as a body. */
export interface LazyObjectConstructor {
  readonly prototype: LazyObject
  new (): LazyObject
}

/** Makes empty arrays, to be set in views or as a body. */
export interface LazyArrayConstructor {
  readonly prototype: LazyArray
  new (): LazyArray
}

/** Sees bytes, changes nothing; exactly one of `end` and `abort` is called. A chunk may be read only during the call. */
export interface Observer {
  /** Called for each chunk. */
  chunk(chunk: Uint8Array): void
  /** Called when the body has ended as a whole. */
  end?(): void
  /** Called when the body broke off, was replaced, or is not sent. */
  abort?(reason: Error): void
}

/** Changes bytes, synchronously. `undefined` = nothing to send for this chunk. Serves one body. */
export interface ByteStage {
  /** Returns what takes the place of the chunk. */
  chunk(chunk: Uint8Array): Uint8Array | Uint8Array[] | undefined
  /** Called after the last chunk. Returns what comes after it. */
  end?(): Uint8Array | Uint8Array[] | undefined
  /** Called in place of `end` when the body broke off. */
  abort?(reason: Error): void
}

/** Puts none, one or many tokens in the place of each. Serves one body, synchronously; `end` comes after the last token. */
export interface TokenStage {
  /** Called for each token; what it pushes takes its place. */
  token(t: Token, push: (t: Token) => void): void
  /** Called after the last token. */
  end?(push: (t: Token) => void): void
  /** Called in place of `end` when the body broke off. */
  abort?(reason: Error): void
}

/** One step of a JSON text. Keys and strings are decoded; a number is its source text. */
export type Token =
  | { readonly name: 'startObject' | 'endObject' | 'startArray' | 'endArray' }
  | { readonly name: 'keyValue' | 'stringValue' | 'numberValue'; readonly value: string }
  | { readonly name: 'trueValue'; readonly value: true }
  | { readonly name: 'falseValue'; readonly value: false }
  | { readonly name: 'nullValue'; readonly value: null }
