/**
 * `redis`: connections to Redis or Valkey, for components whose state many gateways share.
 *
 * In: addresses and names. Out: connections that other components find by their names. Nothing is asked before a request needs it; a
 * gateway starts without its Redis, and each component says what then counts.
 */

import { type ComponentContext, defineComponent } from 'sluice/plugin'
import { RedisLink, setLinks } from '../_shared/redis/link.js'
import { importPackage, openClient, type RedisPackage } from './connect.js'
import { type Address, type PoolOptions, REDIS_SCHEMA, readPools, type Target } from './options.js'

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
    const links = new Map(pools.map(pool => [pool.name, keepLink(lib, pool, context)]))
    setLinks(context, links)
    for (const pool of pools) {
      const link = links.get(pool.name)!
      const server = nameOf(pool.target)
      context.status('connection', () => ({ name: pool.name, server, ...link.facts() }))
    }
    return undefined
  }
})

/** Where a connection leads, as operators know it; without logins. */
function nameOf(target: Target): string {
  const texts = (all: readonly Address[]): string => all.map(({ host, port }) => `${host}:${port}`).join(', ')
  if (target.kind === 'server') return `${texts([target.address])}, database ${target.database}`
  if (target.kind === 'cluster') return `cluster of ${texts(target.addresses)}`
  return `${target.master} by the sentinels ${texts(target.sentinels)}, database ${target.database}`
}

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
