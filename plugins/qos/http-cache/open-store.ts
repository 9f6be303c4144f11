import type { ComponentContext } from 'sluice/plugin'
import type { RedisLink } from '../../_shared/redis/link.js'
import { RedisStore } from './redis-store.js'
import { type CacheStore, MemoryStore, StorePart } from './store.js'

/** Room of a store whose options name no size: 64 MiB. */
export const DEFAULT_MAX_BYTES = 64 * 1024 * 1024

const SHARED_STORE = 'qos/http-cache shared'
const COMMON_ROOM = 'qos/http-cache common room'

/**
 * Opens the store of one backend. What it holds is kept over a new configuration.
 * @param shared the store that all such backends use
 * @param maxBytes 0 = {@link DEFAULT_MAX_BYTES}. @param maxItems 0 = no limit
 */
export function openStore(shared: boolean, maxBytes: number, maxItems: number, context: ComponentContext): Promise<CacheStore> {
  if (shared) return sharedStore(maxBytes || DEFAULT_MAX_BYTES, maxItems, context)
  if (maxBytes === 0 && maxItems === 0) return commonRoom(context)
  const bytes = maxBytes || DEFAULT_MAX_BYTES
  return context.keepHere(['store', bytes, maxItems], () => ({ opened: MemoryStore.open(bytes, maxItems) })).opened
}

/**
 * Opens the store of one backend in Redis. Gateways that have the same backend in the same place share it: another one may ask with other
 * credentials, certificates or fields of its own.
 * @param shared the store that all such backends use
 */
export function openRedisStore(shared: boolean, link: RedisLink, context: ComponentContext): CacheStore {
  const owner = shared ? 'shared' : context.fingerprint()
  return new RedisStore(link, `${context.service.name} ${owner}`, error => {
    context.logger.warning(`${context.tag}[HTTPCache] Responses that are out of date may be found again: ${error.message}`)
  })
}

/** What has no size of its own: apart by their keys, within one limit, so that many backends do not fill the memory. */
function commonRoom(context: ComponentContext): Promise<CacheStore> {
  const room = context.keep(COMMON_ROOM, () => ({ opened: MemoryStore.open(DEFAULT_MAX_BYTES, 0), parts: 0 }))
  const own = context.keepHere('part', () => {
    const owner = String(++room.parts)
    return { opened: room.opened.then(store => new StorePart(store, owner)) }
  })
  return own.opened
}

/** All that share one store get the one that was made first. */
function sharedStore(maxBytes: number, maxItems: number, context: ComponentContext): Promise<CacheStore> {
  const known = context.shared.get(SHARED_STORE) as { opened: Promise<CacheStore>; size: string } | undefined
  const size = `max_size ${maxBytes}, max_items ${maxItems}`
  if (known === undefined) {
    const { opened } = context.keep(`${SHARED_STORE}, ${size}`, () => ({ opened: MemoryStore.open(maxBytes, maxItems) }))
    context.shared.set(SHARED_STORE, { opened, size })
    return opened
  }
  if (known.size !== size)
    context.logger.warning(`${context.tag}[HTTPCache] The shared cache keeps its first size (${known.size})`)
  return known.opened
}
