/**
 * `qos/http-cache`: responses of one backend, or of all that share the store, are kept as long as the upstream says.
 *
 * In: calls of a backend. Out: the stored response, or the upstream's, which is copied into the store while it flows on. Only GET
 * and HEAD are answered from the store; another method that succeeds forgets what is stored for its URL.
 */

import {
  type ComponentContext,
  defineComponent,
  GatewayError,
  type GatewayRequest,
  GatewayResponse,
  type Next
} from 'sluice/plugin'
import { findLink } from '../../_shared/redis/find-link.js'
import { BodyCopy } from './body-copy.js'
import { CacheTally } from './cache-tally.js'
import { listedFields, type RequestHead } from './key.js'
import { DEFAULT_MAX_BYTES, openRedisStore, openStore } from './open-store.js'
import { MAX_SHARED_BODY } from './redis-store.js'
import { type Found, ResponseCache } from './response-cache.js'
import { select } from './selection.js'
import { momentNow, type StoredAnswer } from './store.js'

export default defineComponent({
  namespace: 'qos/http-cache',
  scopes: ['backend'],
  slots: { backend: 'transport/cache' },
  needs: 'stream',
  schema: {
    type: 'object',
    description: 'Stores responses of a backend as long as their fields allow',
    properties: {
      shared: { type: 'boolean', default: false, description: 'One store for all backends that say so.' },
      max_size: {
        type: 'integer',
        minimum: 0,
        default: 0,
        description: 'Bytes of all stored responses; 0 = 64 MiB, together with all others that say 0.'
      },
      max_items: { type: 'integer', minimum: 0, default: 0, description: 'Stored responses; 0 = as many as fit.' },
      connection_name: {
        type: 'string',
        description:
          'Keeps the responses in Redis, for all gateways: a connection or cluster in the `redis` of the service (Sluice)'
      },
      client_address: {
        type: 'boolean',
        default: false,
        description: 'Sends X-Forwarded-For, and stores the responses of each address apart.'
      }
    },
    additionalProperties: false
  },
  async compile(options, context) {
    const maxSize = options.count('max_size', 0)
    const maxBytes = maxSize || DEFAULT_MAX_BYTES
    const shared = options.flag('shared')
    const maxItems = options.count('max_items', 0)
    const inRedis = options.has('connection_name')
    const link = inRedis ? findLink(options, context) : undefined
    const store = link ? openRedisStore(shared, link, context) : await openStore(shared, maxSize, maxItems, context)
    const sendsAddress = options.flag('client_address')
    const listed = listedFields(context.endpointFacts?.inputHeaders ?? [], context.backendFacts?.inputHeaders ?? [])
    const held = context.endpointFacts?.maxBodyBytes ?? maxBytes
    const cache = new ResponseCache(store, sendsAddress ? [...listed, CLIENT_ADDRESS] : listed)
    const tally = context.keepHere('tally', () => new CacheTally())
    context.status('cache', () => ({ ...tally.facts(), kept_in: link?.truth().counted_in ?? 'this process' }))
    const plan: Plan = {
      cache,
      tally,
      caches: cachesOf(context).add(cache),
      sendsAddress,
      limit: held,
      maxBodyBytes: Math.min(held, maxBytes, inRedis ? MAX_SHARED_BODY : maxBytes),
      passesThrough: context.endpointFacts?.outputEncoding === 'no-op',
      failed: cause => context.logger.error(`${context.tag}[HTTPCache] ${(cause as Error).message}`)
    }
    return next => request => serve(plan, request, next)
  }
})

interface Plan {
  readonly cache: ResponseCache
  readonly tally: CacheTally
  /** Those of all backends. */
  readonly caches: ReadonlySet<ResponseCache>
  /** The backend may know who asks. */
  readonly sendsAddress: boolean
  /** bytes; most to hold of a body that is read. */
  readonly limit: number
  /** bytes; larger responses are not stored. */
  readonly maxBodyBytes: number
  /** The client gets the response as it is. Decoded endpoints read the bodies of good ones only, and need the whole. */
  readonly passesThrough: boolean
  readonly failed: (cause: unknown) => void
}

const CACHES = 'qos/http-cache caches'

/** The caches of all backends of a gateway. */
function cachesOf(context: ComponentContext): Set<ResponseCache> {
  const known = (context.shared.get(CACHES) as Set<ResponseCache> | undefined) ?? new Set<ResponseCache>()
  context.shared.set(CACHES, known)
  return known
}

/** A backend has one method: the one that changes a resource is never the one that reads it. */
async function forgetEverywhere(caches: ReadonlySet<ResponseCache>, url: string): Promise<void> {
  for (const cache of caches) await cache.forget(url)
}

const CLIENT_ADDRESS = 'x-forwarded-for'
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

async function serve(plan: Plan, request: GatewayRequest, next: Next): Promise<GatewayResponse> {
  const { method, headers } = request
  if (method !== 'GET' && method !== 'HEAD') {
    const response = await next(request)
    if (!SAFE.has(method) && response.status < 400) await forgetEverywhere(plan.caches, urlOf(request))
    return response
  }
  // a body has no meaning here (RFC 9110 §9.3.1), and yet a backend may make its response of it
  if (request.body.length !== 0) return next(request)
  const ranged = headers.has('range')
  if ((ranged && !plan.passesThrough) || request.upgrading) return next(request)
  const head = headOf(request)
  const found = await plan.cache.find(head)
  if (found?.fresh) {
    plan.tally.hits++
    return replay(plan, head, found.answer, found.ageSeconds)
  }
  // RFC 9111 §5.2.1.7
  if (/only-if-cached/i.test(head.headers['cache-control'] ?? '')) return GatewayResponse.empty(504)
  // the client asks about a part, or a response of its own: what comes back is for it alone
  if (ranged || headers.has('if-none-match') || headers.has('if-modified-since')) return next(request)
  // a response for all must not be made for one
  if (!plan.sendsAddress) headers.delete(CLIENT_ADDRESS)
  if (found === undefined) {
    plan.tally.misses++
    return store(plan, head, await next(request))
  }
  return revalidate(plan, head, found, request, next)
}

async function revalidate(
  plan: Plan,
  head: RequestHead,
  found: Found,
  request: GatewayRequest,
  next: Next
): Promise<GatewayResponse> {
  for (const [name, value] of found.validators) request.headers.set(name, value)
  let response: GatewayResponse
  try {
    response = await next(request)
  } catch (cause) {
    if (!found.usableOnError || !isFailure(cause)) throw cause
    plan.tally.stale++
    return replay(plan, head, found.answer, found.ageSeconds)
  }
  if (response.status === 304) {
    plan.tally.revalidated++
    const answer = await plan.cache.refresh(found, [...response.headers].flat())
    response.discard()
    return replay(plan, head, answer, 0)
  }
  if (found.usableOnError && response.status >= 500) {
    plan.tally.stale++
    response.discard()
    return replay(plan, head, found.answer, found.ageSeconds)
  }
  plan.tally.misses++
  return store(plan, head, response)
}

/** The upstream's fault, not the client's that went away. */
const isFailure = (cause: unknown): boolean => cause instanceof GatewayError && cause.code.startsWith('SLUICE_ERR_UPSTREAM')

/** Copies the response into the store while it flows on. */
function store(plan: Plan, head: RequestHead, response: GatewayResponse): GatewayResponse {
  const { cache, maxBodyBytes, passesThrough, failed } = plan
  const { status } = response
  if (response.upgraded || (!passesThrough && status !== 200)) return response
  const fields = [...response.headers].flat()
  if (!cache.mayStore(head, status, fields)) return response
  const declared = Number(response.headers.get('content-length') ?? 0)
  const url = response.upstreamUrl ?? ''
  const moment = momentNow()
  const keep = (body: Buffer): void => {
    cache.keep(head, { kind: 'answer', status, fields, body, url, ...moment }).catch(failed)
  }
  if (head.method === 'HEAD' || response.body.length === 0) keep(Buffer.alloc(0))
  else if (declared <= maxBodyBytes) response.body.tap(new BodyCopy(maxBodyBytes, keep))
  return response
}

function replay(plan: Plan, head: RequestHead, answer: StoredAnswer, ageSeconds: number): GatewayResponse {
  const part = plan.passesThrough ? select(head.headers, head.method, answer, Date.now()) : undefined
  const status = part?.status ?? answer.status
  const bodiless = head.method === 'HEAD' || status === 304
  const body = bodiless ? undefined : part === undefined ? answer.body : part.body
  const fields = part?.fields ?? answer.fields.slice()
  const response = GatewayResponse.stored({ status, fields, body, url: answer.url, maxBodyBytes: plan.limit })
  response.headers.set('Age', String(ageSeconds))
  return response
}

function headOf(request: GatewayRequest): RequestHead {
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of request.headers) {
    const lower = name.toLowerCase()
    headers[lower] = headers[lower] === undefined ? value : `${headers[lower]}, ${value}`
  }
  return { method: request.method, url: urlOf(request), headers }
}

const urlOf = (request: GatewayRequest): string =>
  `${request.origin ?? ''}${request.path}${request.query === '' ? '' : `?${request.query}`}`
