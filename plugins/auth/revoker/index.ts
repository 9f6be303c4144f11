/**
 * `auth/revoker`: tokens that were revoked are refused before they expire.
 *
 * In: elements (`jti-abc`) over Go's RPC or plain HTTP, each on a port of its own. Out: the check that `auth/validator` makes of each
 * token. What is revoked is kept over a new configuration; a restart forgets it.
 */

import { type ComponentContext, defineComponent, type OptionReader } from 'sluice/plugin'
import { findLink } from '../../_shared/redis/find-link.js'
import type { RedisLink } from '../../_shared/redis/link.js'
import { type IsRevoked, setRevoked } from '../../_shared/revoked-tokens.js'
import { bytesOf } from './filter-size.js'
import { createHttpServer, type HttpTarget } from './http-server.js'
import { inMib, isLoopback, type PortOptions, REVOKER_SCHEMA, readRevokerOptions } from './options.js'
import { OtherGateways } from './other-gateways.js'
import { type BookEntry, RevocationBook } from './revocation-book.js'
import { createRpcServer, type RpcTarget } from './rpc-server.js'
import { SharedPort } from './shared-port.js'
import type { FilterForm } from './sliding-filter.js'

const TAG = '[SERVICE: Bloomfilter]'
/** bytes of three filters that processes can send each other in one message. */
const MAX_SHARED_BYTES = 2 ** 30

export default defineComponent({
  namespace: 'auth/revoker',
  scopes: ['service'],
  slots: {},
  needs: 'head',
  guard: true,
  caseless: true,
  lacks: 'the client of a revoke server, `revoke_server_…` (Enterprise)',
  schema: REVOKER_SCHEMA,
  compile(options, context) {
    // holds until the options are read: where that fails, tolerant mode goes on with validators that refuse every token
    setRevoked(context, () => true)
    try {
      compileRevoker(options, context)
    } catch (cause) {
      if (context.service.tolerant) context.logger.error(`${TAG} endpoints with auth/validator refuse every token`)
      throw cause
    }
    return undefined
  }
})

function compileRevoker(options: OptionReader, context: ComponentContext): void {
  const { form, ttlSeconds, tokenKeys, rpc, http } = readRevokerOptions(options)
  const link = options.has('connection_name') ? findLink(options, context) : undefined
  const allow = options.flag('on_failure_allow')
  const own = openBook(form, ttlSeconds, context)
  const others = context.keep(`auth/revoker others of ${context.service.name}`, () => new Knowledge())
  const isRevoked = compileCheck(own, tokenKeys)
  setRevoked(context, link === undefined || allow ? isRevoked : claims => others.isMissing || isRevoked(claims))
  const { logger } = context
  const ended = (reason: string): void => logger.debug(`${TAG} an RPC connection was ended: ${reason}`)
  const failed = (error: Error): void => logger.error(`${TAG} the HTTP port failed: ${error.message}`)
  context.onListen(async () => {
    if (context.workers !== undefined) await shareState(own, context)
    const book = link === undefined ? own : await joinOthers(link, { own, others, ttlSeconds }, context)
    if (rpc !== undefined) await openRpc(rpc, { book, ended }, context)
    if (http !== undefined) await openHttp(http, { book, ttlSeconds, token: http.token, failed }, context)
    book.turnEvery(ttlSeconds)
  })
}

/** ms that a start waits for what other gateways have revoked. */
const START_PATIENCE_MS = 5000

/** Whether this process has ever learned what other gateways have revoked. A new configuration goes on with it. */
class Knowledge {
  /** True from a start that has waited in vain until a look succeeds. */
  isMissing = false
  hasBeen = false
}

interface Joining {
  readonly own: BookEntry
  readonly others: Knowledge
  readonly ttlSeconds: number
}

/** Gateways that use the same Redis know what any of them revokes. */
async function joinOthers(
  link: RedisLink,
  { own: book, others: knowledge, ttlSeconds }: Joining,
  context: ComponentContext
): Promise<BookEntry> {
  const { logger } = context
  const others = new OtherGateways({
    link,
    name: context.service.name,
    keptMs: 3 * ttlSeconds * 1000,
    take: elements => book.filter.addAll(elements),
    onKnown() {
      knowledge.isMissing = false
      knowledge.hasBeen = true
    },
    logger
  })
  context.onClose(() => others.close())
  try {
    await others.begin(START_PATIENCE_MS)
  } catch (cause) {
    knowledge.isMissing = !knowledge.hasBeen
    logger.error(`${TAG} What other gateways have revoked is not known yet: ${(cause as Error).message}`)
  }
  const add: BookEntry['add'] = async elements => {
    await book.add(elements)
    await others.add(elements)
  }
  return { ...book, add }
}

function openBook(form: FilterForm, ttlSeconds: number, context: ComponentContext): BookEntry {
  const book = context.keep('auth/revoker', () => new RevocationBook())
  try {
    const entry = book.open(form, ttlSeconds)
    context.onClose(() => entry.leave())
    context.logger.debug(`${TAG} Service registered successfully, ${inMib(3 * bytesOf(entry.filter.size))} MiB`)
    return entry
  } catch (cause) {
    return context.fail('/N', `there is no memory for three filters: ${(cause as Error).message}`)
  }
}

/** Workers hold the same. One that does not know what is revoked must not serve. */
async function shareState(book: BookEntry, context: ComponentContext): Promise<void> {
  const { size, form } = book.filter
  if (3 * bytesOf(size) > MAX_SHARED_BYTES)
    context.fail(
      '/N',
      `N ${form.n} and P ${form.p} need more than ${inMib(MAX_SHARED_BYTES)} MiB in each worker: start without --workers`
    )
  try {
    await book.share(context.workers!)
  } catch (cause) {
    context.fail('', `what is revoked cannot be shared among workers: ${(cause as Error).message}`)
  }
}

/** A claim that is no text revokes nothing, and so does one that is absent. */
function compileCheck({ has }: BookEntry, tokenKeys: readonly string[]): IsRevoked {
  return claims => {
    for (const key of tokenKeys) {
      const value = Object.hasOwn(claims, key) ? claims[key] : undefined
      if (typeof value === 'string' && has(Buffer.from(`${key}-${value}`))) return true
    }
    return false
  }
}

async function openRpc({ host, port }: PortOptions, target: RpcTarget, context: ComponentContext): Promise<void> {
  const { logger } = context
  const shared = context.keep(`auth/revoker rpc ${host}:${port}`, () => new SharedPort(host, port, createRpcServer))
  context.onClose(await served(shared, target, '/port', context))
  logger.info(`${TAG} The RPC listens on ${host}:${port}${isLoopback(host) ? ', for programs on this machine (listen_ip)' : ''}`)
  if (!isLoopback(host))
    logger.warning(`${TAG} every program that reaches ${host}:${port} can revoke tokens: the RPC knows no passwords`)
}

async function openHttp({ host, port }: PortOptions, target: HttpTarget, context: ComponentContext): Promise<void> {
  const shared = context.keep(`auth/revoker http ${host}:${port}`, () => new SharedPort(host, port, createHttpServer))
  context.onClose(await served(shared, target, '/http/port', context))
  context.logger.info(`${TAG} The HTTP port listens on ${host}:${port}`)
}

/** Serves on a port; one that cannot be opened stops the start. */
async function served<T>(port: SharedPort<T>, target: T, pointer: string, context: ComponentContext): Promise<() => void> {
  try {
    return await port.serve(target)
  } catch (cause) {
    return context.fail(pointer, `the port cannot be opened: ${(cause as Error).message}`)
  }
}
