/**
 * `redis`: connections to Redis or Valkey, for components whose state many gateways share.
 *
 * In: addresses and names. Out: connections that other components find by their names. Nothing is asked before a request needs it; a
 * gateway starts without its Redis, and each component says what then counts.
 */

import { type ComponentContext, defineComponent } from 'sluice/plugin'
import { RedisLink, setLinks } from '../_shared/redis/link.js'
import { importPackage, openClient, type RedisPackage } from './connect.js'
import { type PoolOptions, REDIS_SCHEMA, readPools } from './options.js'

export default defineComponent({
  namespace: 'redis',
  scopes: ['service'],
  slots: {},
  needs: 'head',
  guard: true,
  schema: REDIS_SCHEMA,
  async compile(options, context) {
    const pools = readPools(options, file => context.reads(file))
    if (pools.length === 0) return undefined
    const lib = await importPackage().catch((error: Error) => context.fail('', error.message))
    setLinks(context, new Map(pools.map(pool => [pool.name, keepLink(lib, pool, context)])))
    return undefined
  }
})

/** The next configuration gets the same connection where nothing of it has changed. */
function keepLink(lib: RedisPackage, pool: PoolOptions, context: ComponentContext): RedisLink {
  const { name, timeoutMs, target } = pool
  const { logger } = context
  return context.keep(`redis ${JSON.stringify(pool)}`, () => {
    const client = openClient(lib, pool, error => link.connectionFailed(error))
    const link = new RedisLink({ name, client, timeoutMs, cluster: target.kind === 'cluster', logger })
    return link
  })
}
