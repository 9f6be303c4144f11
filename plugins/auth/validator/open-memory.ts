import type { ComponentContext } from 'sluice/plugin'
import type { KeySource } from '../../_shared/keys/key-source.js'
import { offerMemoryMetrics } from './memory-metrics.js'
import { TokenMemory, type TokenMemoryOptions } from './token-memory.js'

const MEMORIES = 'auth/validator token memories'

type Memories = Map<KeySource, Map<string, Promise<TokenMemory>>>

/**
 * Opens the memory of a key set, or finds that of another endpoint: endpoints share it where they take the same keys by the same names
 * and for the same algorithm. Their other rules may differ, as each looks at the claims itself. A memory ends with its generation of the
 * configuration: after a reload every token is verified anew.
 * @param source where the keys come from, for metrics
 * @returns undefined where nothing may be remembered
 */
export async function openTokenMemory(
  options: TokenMemoryOptions,
  source: string,
  context: ComponentContext
): Promise<TokenMemory | undefined> {
  const { keys, wanted, maxBytes } = options
  if (maxBytes === 0) return undefined
  const memories: Memories = (context.shared.get(MEMORIES) as Memories | undefined) ?? new Map()
  context.shared.set(MEMORIES, memories)
  const ofKeys = memories.get(keys) ?? new Map<string, Promise<TokenMemory>>()
  memories.set(keys, ofKeys)
  const name = `${wanted.alg} ${wanted.strategy} ${maxBytes}`
  const known = ofKeys.get(name)
  if (known !== undefined) return known
  const opening = TokenMemory.open(options)
  ofKeys.set(name, opening)
  const opened = await opening
  context.onClose(() => opened.close())
  offerMemoryMetrics(opened, source, wanted.alg, context)
  return opened
}
