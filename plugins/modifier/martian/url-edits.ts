/** `url.*`, `port.*`, `querystring.*` and `stash.Modifier`: where a call goes, and what it asks for. */

import { type GatewayRequest, queryPairs, sortedQuery } from 'sluice/plugin'
import {
  authorityOf,
  bytesOf,
  decodePath,
  encodePath,
  encodeQuery,
  hostnameOf,
  moveTo,
  portOf,
  schemeOf,
  urlOf
} from './call-url.js'
import { type Edits, either, NO_EDITS, type RequestEdit, refuse } from './edits.js'
import { patternOf } from './header-edits.js'
import type { OptionKeys } from './option-keys.js'
import type { Place } from './place.js'

export function urlModifier(keys: OptionKeys): Edits {
  const scheme = keys.text('scheme').toLowerCase()
  const host = keys.text('host')
  const path = keys.text('path')
  const query = keys.text('query')
  let illegal: string | undefined
  if (scheme !== '' && scheme !== 'http' && scheme !== 'https') {
    illegal = `calls are made over http and https, not ${JSON.stringify(scheme)}`
    keys.faults.addMounted(keys.at('scheme'), illegal)
  }
  if (host !== '' && !isAuthority(host)) {
    illegal = `${JSON.stringify(host)} is no host such as "example.com:8080"`
    keys.faults.addMounted(keys.at('host'), illegal)
  }
  if (illegal !== undefined) return { request: refuse(illegal) }
  const move =
    host === '' && scheme === '' ? undefined : mover(origin => `${scheme || schemeOf(origin)}://${host || authorityOf(origin)}`)
  const newPath = path === '' ? undefined : encodePath(path)
  const newQuery = query === '' ? undefined : encodeQuery(query)
  return {
    request: request => {
      move?.(request)
      if (newPath !== undefined) request.path = newPath
      if (newQuery !== undefined) request.query = newQuery
    }
  }
}

function isAuthority(text: string): boolean {
  if (/[\s/\\?#@]/.test(text) || !URL.canParse(`http://${text}`)) return false
  return new URL(`http://${text}`).host !== ''
}

/** Sends calls to the origin that `change` makes of theirs. A backend has few origins, so each is worked out once. */
function mover(change: (origin: string) => string): RequestEdit {
  const known = new Map<string, string>()
  return request => {
    const origin = request.origin ?? ''
    let target = known.get(origin)
    if (target === undefined) {
      target = new URL(change(origin)).origin
      known.set(origin, target)
    }
    moveTo(request, target)
  }
}

export function portModifier(keys: OptionKeys): Edits {
  const port = keys.integer('port')
  const ways = [port !== 0, keys.flag('defaultForScheme'), keys.flag('remove')]
  if (ways.filter(Boolean).length !== 1)
    keys.faults.add(keys.pointer, 'exactly one of port, defaultForScheme and remove is needed')
  if (port === 0) return { request: mover(origin => `${schemeOf(origin)}://${hostnameOf(authorityOf(origin))}`) }
  if (port < 0 || port > 65_535) {
    const illegal = 'a port is a number from 1 to 65535'
    keys.faults.addMounted(keys.at('port'), illegal)
    return { request: refuse(illegal) }
  }
  return { request: mover(origin => `${schemeOf(origin)}://${hostnameOf(authorityOf(origin))}:${port}`) }
}

export async function portFilter(keys: OptionKeys, place: Place): Promise<Edits> {
  const port = keys.integer('port')
  const holds = (request: GatewayRequest): boolean => portOf(request.origin ?? '') === port
  return either({ request: holds, response: (_, request) => holds(request) }, await place.innerOf(keys), NO_EDITS)
}

export function queryModifier(keys: OptionKeys): Edits {
  const name = bytesOf(keys.text('name'))
  const value = bytesOf(keys.text('value'))
  return {
    request: request => {
      const pairs = queryPairs(request.query).filter(pair => pair[0] !== name)
      pairs.push([name, value])
      request.query = sortedQuery(pairs)
    }
  }
}

export async function queryFilter(keys: OptionKeys, place: Place): Promise<Edits> {
  const wanted = new Set([bytesOf(keys.text('name'))])
  const value = bytesOf(keys.text('value'))
  const holds = ({ query }: GatewayRequest): boolean => {
    const pairs = queryPairs(query, wanted)
    return value === '' ? pairs.length > 0 : pairs.some(pair => pair[1] === value)
  }
  return either({ request: holds, response: (_, request) => holds(request) }, await place.innerOf(keys), await place.elseOf(keys))
}

/** Compares the parts that are given; looks at the request in both halves. */
export async function urlFilter(keys: OptionKeys, place: Place): Promise<Edits> {
  const scheme = keys.text('scheme')
  const host = keys.text('host')
  const path = bytesOf(keys.text('path'))
  const query = keys.text('query')
  const isHost = compileHostMatch(host)
  const holds = (request: GatewayRequest): boolean => {
    const { origin = '' } = request
    if (scheme !== '' && scheme !== schemeOf(origin)) return false
    if (host !== '' && !isHost(authorityOf(origin))) return false
    if (path !== '' && path !== decodePath(request.path)) return false
    return query === '' || query === request.query
  }
  return either({ request: holds, response: (_, request) => holds(request) }, await place.innerOf(keys), await place.elseOf(keys))
}

/** A `*` stands for what is left of one label, or of the last one with its port. */
function compileHostMatch(pattern: string): (host: string) => boolean {
  if (!pattern.includes('*')) return host => host === pattern
  const parts = pattern.split(/\*+/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const whole = new RegExp(`^${parts.join('[^.]*')}$`)
  return host => whole.test(host)
}

export async function urlRegexFilter(keys: OptionKeys, place: Place): Promise<Edits> {
  const pattern = await patternOf(keys)
  const holds = (request: GatewayRequest): boolean => pattern(urlOf(request))
  return either({ request: holds, response: (_, request) => holds(request) }, await place.innerOf(keys), await place.elseOf(keys))
}
