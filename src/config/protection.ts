/** Namespaces that must not be passed over in silence: those that protect, and those that take the place of the HTTP call. */

import { pointerTo } from './findings.js'
import { COMMUNITY_NAMESPACES, ENTERPRISE_NAMESPACES, LONG_NAMES } from './namespaces.js'
import { editDistance, lettersOf } from './suggest.js'

/** Groups of which every namespace protects what stands behind it. */
const PROTECTING_GROUPS = ['auth', 'security', 'qos', 'validation']

/** Namespaces of a backend that take the place of its HTTP call, or decide whether there is one. */
const TRANSPORTS: ReadonlySet<string> = new Set(
  `ai/llm ai/mcp backend/amqp/consumer backend/amqp/producer backend/conditional backend/grpc backend/lambda
  backend/pubsub/publisher backend/pubsub/publisher/kafka backend/pubsub/subscriber backend/pubsub/subscriber/kafka
  backend/soap backend/static-filesystem grpc websocket workflow`.split(/\s+/)
)

/** True for namespaces without which a backend must not be called. */
export function isTransport(namespace: string): boolean {
  return TRANSPORTS.has(namespace)
}

/** True for namespaces that protect what stands behind them. */
export function isProtecting(namespace: string): boolean {
  return (
    PROTECTING_GROUPS.includes(namespace.split('/')[0]!) || namespace.startsWith('plugin/') || namespace.startsWith('governance/')
  )
}

/** Long names of earlier versions, which KrakenD reads no more. */
export const FORMER_NAMES: readonly (readonly [name: string, namespace: string])[] = [
  ['github.com/devopsfaith/krakend-ratelimit/juju/router', 'qos/ratelimit/router'],
  ['github.com/devopsfaith/krakend-ratelimit/juju/proxy', 'qos/ratelimit/proxy'],
  ['github.com/devopsfaith/krakend-jose', 'auth/validator'],
  ['github.com/devopsfaith/bloomfilter', 'auth/revoker']
]

/** A spelling and the namespace that it stands for; `letters` are compared. */
interface Spelling {
  readonly letters: string
  readonly namespace: string
}

/** What all long names begin with; it says nothing about which one is meant. */
const LONG_PREFIX = /^.*(?:krakend|lura)[-_/]/i

const spelling = (text: string, namespace: string): Spelling => ({ letters: lettersOf(text), namespace })

const MEANT = [...COMMUNITY_NAMESPACES, ...ENTERPRISE_NAMESPACES].filter(name => isProtecting(name) || isTransport(name))
const LONG = [...LONG_NAMES, ...FORMER_NAMES].filter(([, namespace]) => MEANT.includes(namespace))

/** Whole names, short and long. */
const WHOLE: readonly Spelling[] = [
  ...MEANT.map(name => spelling(name, name)),
  ...LONG.map(([name, short]) => spelling(name, short))
]

/** Long names without what they all begin with. */
const TAILS: readonly Spelling[] = LONG.filter(([name]) => LONG_PREFIX.test(name)).map(([name, short]) =>
  spelling(name.replace(LONG_PREFIX, ''), short)
)

/** Names without their group, where the rest still says what is meant. */
const WITHOUT_GROUP: readonly Spelling[] = `auth/validator auth/signer auth/revoker auth/client-credentials auth/api-keys
  qos/ratelimit/router qos/ratelimit/proxy qos/circuit-breaker security/cors security/bot-detector security/policies
  validation/cel validation/json-schema`
  .split(/\s+/)
  .map(name => spelling(name.slice(name.indexOf('/') + 1), name))

/** What a namespace that the gateway does not know was probably meant to be. */
export interface Meant {
  /** The nearest namespace; undefined when only the group says that it protects. */
  readonly namespace: string | undefined
}

/** Tells whether an unknown namespace is a misspelled protection or transport; undefined when it is not near any. */
export function meantProtection(unknown: string): Meant | undefined {
  const tail = unknown.replace(LONG_PREFIX, '')
  const near =
    tail === unknown
      ? (nearestOf(unknown, WHOLE) ??
        nearestOf(lastSegments(unknown, 1), WITHOUT_GROUP) ??
        nearestOf(lastSegments(unknown, 2), WITHOUT_GROUP))
      : (nearestOf(tail, TAILS) ?? nearestOf(tail, WHOLE) ?? nearestOf(tail, WITHOUT_GROUP))
  if (near !== undefined) return { namespace: near }
  const group = lettersOf(unknown.split(/[/.:_\- ]/)[0]!)
  return PROTECTING_GROUPS.includes(group) && /[/.:_\- ]/.test(unknown) ? { namespace: undefined } : undefined
}

function lastSegments(name: string, count: number): string {
  return name.split('/').slice(-count).join('/')
}

/** One letter in four may differ, at most three; a letter may be missing of four. */
function nearestOf(name: string, spellings: readonly Spelling[]): string | undefined {
  const letters = lettersOf(name)
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const one of spellings) {
    const allowed = Math.min(3, Math.floor(Math.max(letters.length, Math.min(one.letters.length, 4)) / 4))
    if (Math.abs(one.letters.length - letters.length) > allowed) continue
    const distance = editDistance(letters, one.letters)
    if (distance > allowed || distance >= least) continue
    least = distance
    best = one.namespace
  }
  return best
}

/** The short name of a namespace of KrakenD that protects, or that takes the place of the HTTP call; undefined for any other key. */
function protectionNamed(key: string): string | undefined {
  const namespace = LONG_NAMES.get(key) ?? key
  return MEANT.includes(namespace) ? namespace : undefined
}

/** True for an object that holds a namespace which protects, as an `extra_config` does. */
export function holdsProtection(value: object): boolean {
  return Object.keys(value).some(key => protectionNamed(key) !== undefined)
}

/** Returns the namespaces that protect, or take the place of the HTTP call, in what a key holds, by their JSON pointers. */
export function protectionsIn(value: unknown, key: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const look = (item: unknown, name: string, pointer: string): void => {
    const namespace = protectionNamed(name)
    if (namespace !== undefined) found.set(pointerTo(pointer.slice(0, pointer.lastIndexOf('/')), namespace), namespace)
    else if (typeof item === 'object' && item !== null)
      for (const [next, inner] of Object.entries(item)) look(inner, next, pointerTo(pointer, next))
  }
  look(value, key, '')
  return found
}
