import type { ComponentContext } from 'sluice/plugin'
import type { TokenMemory, TokenMemoryCounts } from './token-memory.js'

const METRICS: readonly (readonly [of: keyof TokenMemoryCounts, name: string, type: 'counter' | 'gauge', help: string])[] = [
  ['hits', 'sluice_token_cache_hits_total', 'counter', 'Tokens that were known: no cryptography was needed.'],
  ['misses', 'sluice_token_cache_misses_total', 'counter', 'Tokens that were not known, the refused ones included.'],
  ['evictions', 'sluice_token_cache_evictions_total', 'counter', 'Tokens forgotten for want of room.'],
  ['tokens', 'sluice_token_cache_tokens', 'gauge', 'Tokens that are known.'],
  ['bytes', 'sluice_token_cache_bytes', 'gauge', 'Bytes that known tokens take, about.']
]

/** Offers what a memory has done. @param keys where its keys come from, for the label */
export function offerMemoryMetrics(memory: TokenMemory, keys: string, alg: string, context: ComponentContext): void {
  const labels = [
    ['keys', keys],
    ['alg', alg]
  ] as const
  for (const [of, name, type, help] of METRICS) context.offerMetric({ name, help, type, labels, read: () => memory.counts[of] })
}
