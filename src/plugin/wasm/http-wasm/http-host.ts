/**
 * The host functions of the http-wasm ABI, `http_handler` version 1: what a guest can ask for while it handles a request.
 *
 * In: numbers and places in the guest's memory. Out: edits of the messages of its {@link HttpCall}. What the ABI forbids throws: the
 * instance ends, and its request fails.
 */

import { isIPv6 } from 'node:net'
import { isFraming, lowerName } from '../../../http/fields.js'
import { encodeBeyondAscii } from '../../../http/target.js'
import type { FieldMap } from '../../../message/field-map.js'
import type { LogLevel } from '../../../telemetry/logger.js'
import type { GuestMemory } from './guest-memory.js'
import { ALL_FEATURES, BUFFER_RESPONSE, type HeldBody, type HttpCall } from './http-call.js'

/** What the functions work on: one instance. */
export interface HttpInstance {
  readonly memory: GuestMemory
  /** Given to the guest by `get_config`. */
  readonly config: Uint8Array
  /** Features of all requests: those that the guest asked for before the first one. */
  features: number
  /** The request under way; undefined while the instance starts. */
  call: HttpCall | undefined
  logs(level: LogLevel): boolean
  log(level: LogLevel, text: string): void
}

/** Kinds of fields and bodies. */
const REQUEST = 0
const RESPONSE = 1
const REQUEST_TRAILERS = 2
const RESPONSE_TRAILERS = 3

/** From -1, `debug`; 3 is `none`. */
const LEVELS: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR']
const EOF = 1n << 32n

/** Makes the functions for one instance, by their names. `of` gives it: the functions are made before it is. */
export function httpHandlerImports(of: () => HttpInstance): Readonly<Record<string, unknown>> {
  return { ...plainFunctions(of), ...lineFunctions(of), ...fieldFunctions(of), ...bodyFunctions(of) }
}

function plainFunctions(of: () => HttpInstance): Record<string, unknown> {
  return {
    enable_features(features: number): number {
      const instance = of()
      const { call } = instance
      if (call === undefined) instance.features |= features & ALL_FEATURES
      else call.features |= features & ALL_FEATURES
      return (call ?? instance).features
    },
    get_config: (at: number, limit: number): number => of().memory.putBytes(at, limit, of().config),
    log_enabled(level: number): number {
      const known = LEVELS[level + 1]
      return known !== undefined && of().logs(known) ? 1 : 0
    },
    log(level: number, at: number, length: number): void {
      const known = LEVELS[level + 1]
      if (known !== undefined && of().logs(known)) of().log(known, of().memory.utf8(at, length, 'message'))
    },
    get_source_addr(at: number, limit: number): number {
      const { remoteAddress, exchange } = callOf(of()).request
      const host = isIPv6(remoteAddress) ? `[${remoteAddress}]` : remoteAddress
      return of().memory.putLatin1(at, limit, `${host}:${exchange.remotePort}`)
    },
    get_status_code(): number {
      const { response, ownStatus } = callOf(of())
      return response === undefined ? ownStatus : response.status
    },
    set_status_code(status: number): void {
      const call = callOf(of())
      mustBeBuffered(call, 'set', 'status code')
      if (status < 200 || status > 599) throw new RangeError(`a response status is a number from 200 to 599, not ${status}`)
      if (call.response === undefined) call.ownStatus = status
      else call.response.status = status
    }
  }
}

/** Of the request line. */
function lineFunctions(of: () => HttpInstance): Record<string, unknown> {
  return {
    get_method: (at: number, limit: number): number => of().memory.putLatin1(at, limit, callOf(of()).request.method),
    set_method(at: number, length: number): void {
      const call = callOf(of())
      mustBeBefore(call, 'set', 'method')
      const method = of().memory.latin1(at, length, 'method')
      if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method)) throw new TypeError(`${JSON.stringify(method)} is no HTTP method`)
      call.request.method = method
    },
    get_uri(at: number, limit: number): number {
      const { path, query } = callOf(of()).request
      return of().memory.putLatin1(at, limit, query === '' ? path : `${path}?${query}`)
    },
    set_uri(at: number, length: number): void {
      const call = callOf(of())
      mustBeBefore(call, 'set', 'uri')
      setUri(call, of().memory.latin1(at, length, 'uri'))
    },
    get_protocol_version(at: number, limit: number): number {
      const call = callOf(of())
      return of().memory.putLatin1(at, limit, call.isBackend ? 'HTTP/1.1' : call.request.exchange.protocol)
    }
  }
}

function fieldFunctions(of: () => HttpInstance): Record<string, unknown> {
  return {
    get_header_names: (kind: number, at: number, limit: number): bigint =>
      of().memory.putList(at, limit, namesOf(callOf(of()), kind)),
    get_header_values(kind: number, nameAt: number, nameLength: number, at: number, limit: number): bigint {
      const name = fieldName(of().memory, nameAt, nameLength)
      return of().memory.putList(at, limit, valuesOf(callOf(of()), kind, name))
    },
    set_header_value(kind: number, nameAt: number, nameLength: number, at: number, length: number): void {
      const fields = editable(callOf(of()), 'set', kind)
      const name = fieldName(of().memory, nameAt, nameLength)
      if (isHost(callOf(of()), kind, name)) callOf(of()).request.host = of().memory.latin1(at, length, 'value')
      if (!isFraming(lowerName(name))) fields.set(name, of().memory.latin1(at, length, 'value'))
      noteOf(callOf(of()), kind, name)
    },
    add_header_value(kind: number, nameAt: number, nameLength: number, at: number, length: number): void {
      const fields = editable(callOf(of()), 'add', kind)
      const name = fieldName(of().memory, nameAt, nameLength)
      if (!isFraming(lowerName(name))) fields.append(name, of().memory.latin1(at, length, 'value'))
      noteOf(callOf(of()), kind, name)
    },
    remove_header(kind: number, nameAt: number, nameLength: number): void {
      const fields = editable(callOf(of()), 'remove', kind)
      fields.delete(fieldName(of().memory, nameAt, nameLength))
    }
  }
}

function bodyFunctions(of: () => HttpInstance): Record<string, unknown> {
  return {
    read_body(kind: number, at: number, limit: number): bigint {
      const call = callOf(of())
      if (kind === RESPONSE) mustBeBuffered(call, 'read', 'response body')
      else if (kind === REQUEST) mustBeBefore(call, 'read', 'request body')
      else throw unsupported('body', kind)
      if (limit === 0) throw new RangeError('buf_limit==0 reading body')
      return readInto(of().memory, kind === REQUEST ? call.requestBody : call.responseBody, at, limit >>> 0)
    },
    write_body(kind: number, at: number, length: number): void {
      const call = callOf(of())
      if (kind === RESPONSE) mustBeBuffered(call, 'write', 'response body')
      else if (kind === REQUEST) mustBeBefore(call, 'write', 'request body')
      else throw unsupported('body', kind)
      const bytes = of().memory.lend(at, length, 'body')
      if (kind === REQUEST) call.writeRequest(bytes)
      else call.writeResponse(bytes)
    }
  }
}

function callOf({ call }: HttpInstance): HttpCall {
  if (call === undefined) throw new Error('a start function has no request')
  return call
}

const unsupported = (what: string, kind: number): Error => new RangeError(`unsupported ${what} kind: ${kind}`)

function mustBeBefore(call: HttpCall, op: string, what: string): void {
  if (call.afterNext) throw new Error(`can't ${op} ${what} after next handler`)
}

function mustBeBuffered(call: HttpCall, op: string, what: string): void {
  if (!call.afterNext || (call.features & BUFFER_RESPONSE) !== 0) return
  throw new Error(`can't ${op} ${what} after next handler unless buffer_response is enabled`)
}

/** The fields of a kind, to be edited now. */
function editable(call: HttpCall, op: string, kind: number): FieldMap {
  if (kind === REQUEST) mustBeBefore(call, op, 'request header')
  else if (kind === REQUEST_TRAILERS) mustBeBefore(call, op, 'request trailer')
  else if (kind === RESPONSE) mustBeBuffered(call, op, 'response header')
  else if (kind === RESPONSE_TRAILERS) mustBeBuffered(call, op, 'response trailer')
  return fieldsOf(call, kind)
}

function fieldsOf(call: HttpCall, kind: number): FieldMap {
  if (kind === REQUEST) return call.request.headers
  if (kind === RESPONSE) return call.responseFields
  if (kind === REQUEST_TRAILERS) return call.request.body.trailers
  if (kind === RESPONSE_TRAILERS) return call.responseTrailers
  throw unsupported('header', kind)
}

/** In lower case, each once, in the order in which they came. */
function namesOf(call: HttpCall, kind: number): string[] {
  const { raw } = fieldsOf(call, kind)
  const names: string[] = []
  if (kind === REQUEST && !call.isBackend && call.request.host !== '') names.push('host')
  for (let i = 0; i < raw.length; i += 2) {
    const lower = lowerName(raw[i]!)
    if (!names.includes(lower)) names.push(lower)
  }
  return names
}

function valuesOf(call: HttpCall, kind: number, name: string): string[] {
  return isHost(call, kind, name) ? [call.request.host] : fieldsOf(call, kind).getAll(name)
}

/** The client's Host stands beside its fields: over HTTP/2 it is none of them. */
function isHost(call: HttpCall, kind: number, name: string): boolean {
  return kind === REQUEST && !call.isBackend && name.length === 4 && lowerName(name) === 'host'
}

function noteOf(call: HttpCall, kind: number, name: string): void {
  if (kind === (call.afterNext ? RESPONSE : REQUEST)) call.tell(lowerName(name))
}

function fieldName(memory: GuestMemory, at: number, length: number): string {
  if (length === 0) throw new TypeError('HTTP header name cannot be empty')
  return memory.latin1(at, length, 'name')
}

function readInto(memory: GuestMemory, body: HeldBody | undefined, at: number, limit: number): bigint {
  const rest = body === undefined ? undefined : body.bytes.subarray(body.read, body.read + limit)
  const into = memory.lend(at, limit, 'body')
  if (body === undefined || rest === undefined) return EOF
  into.set(rest)
  body.read += rest.length
  return body.read === body.bytes.length && rest.length < limit ? EOF | BigInt(rest.length) : BigInt(rest.length)
}

/** Sets path and query. The host of an absolute URI is not looked at, as in other hosts. */
function setUri({ request }: HttpCall, uri: string): void {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i.exec(uri)
  const rest = uri.slice(absolute?.[0].length ?? 0)
  const target = encodeBeyondAscii(rest === '' || rest.startsWith('?') ? `/${rest}` : rest)
  if (!target.startsWith('/') || /[\x00-\x20\x7f]/.test(target)) throw new TypeError(`${JSON.stringify(uri)} is no URI`)
  const mark = target.indexOf('?')
  request.path = mark < 0 ? target : target.slice(0, mark)
  request.query = mark < 0 ? '' : target.slice(mark + 1)
}
