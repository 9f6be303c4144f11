/** `header.*`: edits and filters of fields. */

import { randomUUID } from 'node:crypto'
import { type GatewayRequest, HeaderMap } from 'sluice/plugin'
import { onTheWire } from '../../_shared/on-the-wire.js'
import { compilePattern } from '../../_shared/re2.js'
import { hostFieldOf, urlOf } from './call-url.js'
import { type Condition, type Edits, either, NO_EDITS, refuse } from './edits.js'
import type { OptionKeys } from './option-keys.js'
import type { Place, Scope } from './place.js'

/** What Go's HTTP library calls itself when no User-Agent is left. */
const GO_USER_AGENT = 'Go-http-client/1.1'

/** A field that a modifier writes. */
interface Target {
  readonly name: string
  readonly lower: string
  /** Why requests with it cannot be sent; undefined = they can. */
  readonly illegal: string | undefined
  /** It belongs to framing: the gateway writes it. */
  readonly framing: boolean
}

/** Reads the name of a field to write, and tells when it cannot be written. */
function targetOf(keys: OptionKeys, key: string): Target {
  const name = keys.text(key)
  const target = fieldOf(name)
  if (target.illegal !== undefined) keys.faults.addMounted(keys.at(key), target.illegal)
  else if (target.framing) keys.faults.warn(keys.at(key), `'${name}' has no effect: the gateway writes what the body needs`)
  return target
}

function fieldOf(name: string): Target {
  const lower = name.toLowerCase()
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    return { name, lower, illegal: `${JSON.stringify(name)} is no name of a header field`, framing: false }
  }
  let framing = false
  try {
    new HeaderMap().set(name, '')
  } catch {
    framing = true
  }
  return { name: lower.replace(/(?:^|-)[a-z]/g, initial => initial.toUpperCase()), lower, illegal: undefined, framing }
}

/** Reads a value: bytes as they travel, without white space at its ends. */
function wireValue(keys: OptionKeys): { readonly value: string; readonly illegal: string | undefined } {
  const value = onTheWire(keys.text('value')).replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
  if (!/[^\t\x20-\x7e\x80-\xff]/.test(value)) return { value, illegal: undefined }
  const illegal = 'a header field holds no control characters'
  keys.faults.addMounted(keys.at('value'), illegal)
  return { value: value.replace(/[^\t\x20-\x7e\x80-\xff]/g, ' '), illegal }
}

/** Fields of a request: an empty Host is the upstream's own, an empty User-Agent is not sent. */
function setOnRequest(request: GatewayRequest, { name, lower }: Target, value: string): void {
  if (value === '' && (lower === 'host' || lower === 'user-agent')) request.headers.delete(name)
  else request.headers.set(name, value)
}

/** Fields of a response that Go's library, or its HTTP/1 framing, never lets a modifier change. */
function isFixedOnResponse({ lower, illegal, framing }: Target, { decoded }: Place): boolean {
  // a decoded body is undone by this field, which KrakenD's modifiers do not see
  return illegal !== undefined || framing || lower === 'host' || (decoded && lower === 'content-encoding')
}

export function headerModifier(keys: OptionKeys, place: Place): Edits {
  const target = targetOf(keys, 'name')
  const { value, illegal } = wireValue(keys)
  const reason = target.illegal ?? illegal
  if (target.framing) return NO_EDITS
  return {
    request: reason !== undefined ? refuse(reason) : request => setOnRequest(request, target, value),
    response: isFixedOnResponse(target, place) ? undefined : response => response.headers.set(target.name, value)
  }
}

export function headerAppend(keys: OptionKeys, place: Place, scope: Scope): Edits {
  const target = targetOf(keys, 'name')
  const { value, illegal } = wireValue(keys)
  if (target.framing) return NO_EDITS
  const second = target.lower === 'host' && scope.request
  const reason = second ? 'a call has one Host field: use header.Modifier' : (target.illegal ?? illegal)
  if (second) keys.faults.addMounted(keys.at('name'), reason!)
  return {
    request: reason !== undefined ? refuse(reason) : request => request.headers.append(target.name, value),
    response: isFixedOnResponse(target, place) ? undefined : response => response.headers.append(target.name, value)
  }
}

export function headerBlacklist(keys: OptionKeys, place: Place): Edits {
  const targets = keys.texts('names').map(({ value }) => fieldOf(value as string))
  const onRequest = targets.filter(({ framing }) => !framing)
  const onResponse = targets.filter(target => !isFixedOnResponse(target, place))
  return {
    request: request => {
      const { headers } = request
      for (const { name, lower } of onRequest) {
        if (lower === 'user-agent') headers.set(name, GO_USER_AGENT)
        else if (lower !== 'accept-encoding' || !place.decoded) headers.delete(name)
        else if (headers.has(name)) headers.set(name, 'gzip')
      }
    },
    response: response => {
      for (const { name } of onResponse) response.headers.delete(name)
    }
  }
}

export function headerCopy(keys: OptionKeys, place: Place): Edits {
  const from = fieldOf(keys.text('from'))
  if (from.lower === 'host') place.needsMessages()
  const to = targetOf(keys, 'to')
  if (to.framing) return NO_EDITS
  return {
    request:
      to.illegal !== undefined
        ? refuse(to.illegal)
        : request => {
            const value = from.lower === 'host' ? hostFieldOf(request) : firstOf(request.headers, from.lower)
            setOnRequest(request, to, value)
          },
    response: isFixedOnResponse(to, place)
      ? undefined
      : ({ headers }) => headers.set(to.name, from.lower === 'host' ? '' : firstOf(headers, from.lower))
  }
}

export function headerId(keys: OptionKeys): Edits {
  const target = keys.text('header') === '' ? fieldOf('X-Krakend-Id') : targetOf(keys, 'header')
  if (target.framing) return NO_EDITS
  if (target.illegal !== undefined) return { request: refuse(target.illegal) }
  return {
    request: ({ headers }) => {
      if (firstOf(headers, target.lower) === '') headers.set(target.name, randomUUID())
    }
  }
}

/** Keeps the URL of the call as it is at this point. */
export function stashModifier(keys: OptionKeys, place: Place, scope: Scope): Edits {
  const target = targetOf(keys, 'headerName')
  if (scope.response && !scope.request) keys.faults.add(keys.at('scope'), 'the URL is known where the scope has "request" too')
  if (target.framing) return NO_EDITS
  return {
    request: target.illegal !== undefined ? refuse(target.illegal) : request => setOnRequest(request, target, urlOf(request)),
    response: isFixedOnResponse(target, place)
      ? undefined
      : (response, request) => response.headers.set(target.name, firstOf(request.headers, target.lower))
  }
}

export async function headerFilter(keys: OptionKeys, place: Place): Promise<Edits> {
  const { lower } = fieldOf(keys.text('name'))
  if (lower === 'host') place.needsMessages()
  const value = onTheWire(keys.text('value'))
  const holds = (headers: HeaderMap): boolean => headers.getAll(lower).includes(value)
  const condition: Condition = {
    request: lower === 'host' ? request => hostFieldOf(request) === value : request => holds(request.headers),
    response: lower === 'host' ? () => false : response => holds(response.headers)
  }
  return either(condition, await place.innerOf(keys), await place.elseOf(keys))
}

/** Looks at the request in both halves. */
export async function headerRegexFilter(keys: OptionKeys, place: Place): Promise<Edits> {
  const name = keys.text('header')
  const pattern = await patternOf(keys)
  const holds = ({ headers }: GatewayRequest): boolean => {
    const value = firstOf(headers, name)
    return value !== '' && pattern(Buffer.from(value, 'latin1').toString())
  }
  return either({ request: holds, response: (_, request) => holds(request) }, await place.innerOf(keys), NO_EDITS)
}

/** Compiles `regex`: RE2, anywhere in the text. */
export async function patternOf(keys: OptionKeys): Promise<(text: string) => boolean> {
  try {
    const pattern = await compilePattern(keys.text('regex'))
    return text => pattern.test(text)
  } catch (cause) {
    keys.faults.add(keys.at('regex'), `not a regular expression (RE2): ${(cause as Error).message}`)
    return () => false
  }
}

/** '' when the field is absent. */
function firstOf(headers: HeaderMap, name: string): string {
  return headers.getAll(name)[0] ?? ''
}
