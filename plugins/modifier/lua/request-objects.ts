/** `ctx`, the client's request of an endpoint, and `request`, that of a proxy or of a backend's call. */

import { type GatewayRequest, LazyObject, queryPairs, sortedQuery } from 'sluice/plugin'
import {
  bufferToLua,
  checkString,
  type LuaResult,
  type LuaValue,
  luaToBuffer,
  luaToText,
  NOTHING,
  raise,
  textToLua,
  UserdataType
} from './engine/index.js'
import { isToken } from './field-names.js'
import { accessHeaderList, accessHeaders, type FieldRules } from './fields.js'
import { newTable } from './json-values.js'
import { type ScriptState, state, unread } from './state.js'

const REQUEST_FIELDS: FieldRules = { exactNames: false, blanks: false, host: true }
const CONTEXT_FIELDS: FieldRules = { ...REQUEST_FIELDS, host: false }

/** A method of both: `self` is checked to be an object of these types. */
type Access = (args: readonly LuaValue[], run: ScriptState) => LuaResult

const method =
  (access: Access) =>
  (...args: LuaValue[]): LuaResult =>
    access(args, runOf(args[0]))

/** The run that an object belongs to. */
function runOf(self: LuaValue): ScriptState {
  const run = state()
  if (requestType.unwrap(self) === run) return run
  return raise(run.mount.scope === 'proxy' || run.mount.scope === 'backend' ? 'request expected' : 'ginContext expected')
}

const body: Access = (args, run) => {
  // with more arguments than one KrakenD reads
  if (args.length > 2 && run.requestBody === undefined) return NOTHING
  if (args.length !== 2) return run.requestBody === undefined ? unread('body') : bufferToLua(run.requestBody)
  const bytes = luaToBuffer(checkString(args[1], 2))
  // a body that is put back as it was keeps its Content-Encoding
  if (run.requestBody?.equals(bytes) === true) return NOTHING
  run.request.body.set(bytes)
  run.requestBody = bytes
  return NOTHING
}

const sharedBy = (rules: FieldRules) => ({
  headers: method((args, run) => accessHeaders(run.request.headers, args, rules)),
  headerList: method((args, run) => accessHeaderList(run.request.headers, args, rules)),
  body: method(body)
})

export const contextType: UserdataType<ScriptState> = new UserdataType('ctx', {
  statics: { load: () => contextType.wrap(state()) },
  methods: {
    ...sharedBy(CONTEXT_FIELDS),
    method: method((args, { request }) => {
      if (args.length < 2) return request.method
      request.method = methodOf(args[1])
      return NOTHING
    }),
    url: method((args, { request }) => {
      if (args.length < 2) return request.query === '' ? request.path : `${request.path}?${request.query}`
      const url = parseUrl(checkString(args[1], 2), 'http://localhost')
      request.path = url.pathname
      request.query = url.search.slice(1)
      return NOTHING
    }),
    host: method((args, { request }) => {
      if (args.length < 2) return request.host
      const host = checkString(args[1], 2)
      if (/[^\x21-\x7e]/.test(host)) raise(`invalid host "${host}"`)
      request.host = host
      return NOTHING
    }),
    query: method((args, { request }) => {
      if (args.length < 2) raise('need arguments')
      if (args.length > 3) return NOTHING
      const name = checkString(args[1], 2)
      const pairs = queryPairs(request.query)
      if (args.length === 2) return pairs.find(pair => pair[0] === name)?.[1] ?? ''
      const value = checkString(args[2], 3)
      request.query = sortedQuery([...pairs.filter(pair => pair[0] !== name), [name, value]])
      return NOTHING
    }),
    params: method((args, run) => accessParams(run.request, args, name => name))
  }
})

export const requestType: UserdataType<ScriptState> = new UserdataType('request', {
  statics: { load: () => requestType.wrap(state()) },
  methods: {
    ...sharedBy(REQUEST_FIELDS),
    method: method((args, run) => {
      const { request, mount } = run
      // the call of a backend has a method of its own
      if (mount.scope === 'proxy') return kept(run, 'method', args, request.method)
      if (args.length < 2) return request.method
      request.method = methodOf(args[1] === '' ? 'GET' : args[1]).toUpperCase()
      return NOTHING
    }),
    url: method((args, run) => {
      const { request, mount } = run
      if (mount.scope === 'proxy') return kept(run, 'url', args, '')
      if (args.length < 2) return `${request.origin ?? ''}${targetOf(request)}`
      const url = parseUrl(checkString(args[1], 2), undefined)
      if (url.protocol !== 'http:' && url.protocol !== 'https:')
        raise(`unsupported protocol scheme "${url.protocol.slice(0, -1)}"`)
      request.origin = url.origin
      request.path = url.pathname
      request.query = url.search.slice(1)
      return NOTHING
    }),
    path: method((args, run) => {
      const { request } = run
      return kept(run, 'path', args, decoded(request.path) + patternQuery(run))
    }),
    query: method((args, run) => {
      const { request, mount } = run
      const pairs = queryPairs(args.length < 2 ? request.query : checkString(args[1], 2))
      if (mount.scope === 'backend') {
        const own = sortedQuery(pairs.slice(mount.patternPairs))
        return kept(run, 'query', args.length < 2 ? args : [args[0], sortedQuery(pairs)], own)
      }
      if (args.length < 2) return sortedQuery(pairs)
      request.query = sortedQuery(pairs)
      return NOTHING
    }),
    params: method((args, run) => {
      const { request, mount } = run
      // the calls of a merge share their parameters
      if (mount.scope === 'backend' && args.length > 2) request.params = { ...request.params }
      return accessParams(request, args, capital)
    })
  }
})

/** `id` is `Id` inside of the pipe. */
const capital = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1)

function accessParams(request: GatewayRequest, args: readonly LuaValue[], shown: (name: string) => string): LuaResult {
  const { params } = request
  if (args.length < 2) {
    const copy = new LazyObject()
    for (const [name, value] of Object.entries(params)) copy.set(shown(name), value)
    return newTable(copy)
  }
  if (args.length > 3) return NOTHING
  const wanted = luaToText(checkString(args[1], 2))
  const name = Object.keys(params).find(one => shown(one) === wanted)
  if (args.length === 2) return name === undefined ? '' : textToLua(params[name]!)
  params[name ?? wanted] = luaToText(checkString(args[2], 3))
  return NOTHING
}

/** A part of the request that does not reach the call: what was written is read again. */
function kept(run: ScriptState, part: string, args: readonly LuaValue[], initial: string): LuaResult {
  if (args.length < 2) return run.written?.get(part) ?? initial
  run.written ??= new Map()
  run.written.set(part, checkString(args[1], 2))
  return NOTHING
}

function methodOf(value: LuaValue): string {
  const name = checkString(value, 2)
  return isToken(name) ? name : raise(`net/http: invalid method "${name}"`)
}

const targetOf = ({ path, query }: GatewayRequest): string => (query === '' ? path : `${path}?${query}`)

/** The query of the backend's own `url_pattern`, which stands in the path as KrakenD shows it. */
function patternQuery({ request, mount: { patternPairs } }: ScriptState): string {
  return patternPairs === 0 ? '' : `?${request.query.split('&').slice(0, patternPairs).join('&')}`
}

function parseUrl(text: string, base: string | undefined): URL {
  // a path that begins with two slashes would name a host
  const rooted = base !== undefined && text.startsWith('/') ? `${base}${text}` : text
  if (/[\0-\x20\x7f]|^[^?#]*%(?![0-9a-fA-F]{2})/.test(text) || !URL.canParse(rooted, base))
    raise(`parse "${text}": invalid URI for request`)
  return new URL(rooted, base)
}

function decoded(path: string): string {
  try {
    return textToLua(decodeURIComponent(path))
  } catch {
    return path
  }
}
