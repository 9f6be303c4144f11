/** Where the buckets of clients are kept: in this process; a store that several processes share may take its place. */

import type { ComponentContext } from 'sluice/plugin'
import { BucketRoom } from './bucket-room.js'
import type { BucketRule } from './token-bucket.js'

/** Counts the requests of many clients. */
export interface TokenStore {
  /** Takes a token of a client's bucket; a store elsewhere answers later. Must not reject: it decides what its own failure means. */
  take(client: string): boolean | Promise<boolean>
}

const ROOM = 'qos/ratelimit clients'

/**
 * Opens the buckets of one limit, in the room of all limits of the gateway.
 * @param clientName what tells clients apart, for the log
 * @param sweepMs between looks for idle clients
 */
export function openStore(rule: BucketRule, clientName: string, sweepMs: number, context: ComponentContext): TokenStore {
  const room = context.keep(ROOM, () => new BucketRoom(() => performance.now()))
  const limit = context.keepHere(['clients', rule, clientName], () => room.open(rule))
  const timer = setInterval(() => room.sweep(), sweepMs)
  timer.unref()
  context.onClose(() => clearInterval(timer))
  return { take: client => room.take(limit, client) }
}
