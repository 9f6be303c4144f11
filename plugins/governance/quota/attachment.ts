/** The options of `governance/quota`. */

import type { ComponentContext, OptionReader } from 'sluice/plugin'
import { type ClientKey, compileClientKey } from '../../_shared/client-key.js'
import type { QuotaCounters } from '../../_shared/quota/counters.js'
import { processorsIn, type QuotaProcessor } from '../../_shared/quota/processors.js'
import { readTierTest, type TierTest } from '../../_shared/tiers.js'

export interface QuotaTier {
  /** The name of its rule. */
  readonly rule: string
  /** Undefined: all requests. */
  readonly matches: TierTest | undefined
  readonly clientKey: ClientKey
  /** `header X-Id`, for the status page. */
  readonly clientBy: string
  readonly counters: QuotaCounters
}

/** Where a response says how much it counts. */
export type Weight =
  | { readonly where: 'header'; readonly field: string }
  /** Keys, from the outermost object inwards. */
  | { readonly where: 'body'; readonly path: readonly string[] }

export interface Attachment {
  /** The name of the quota. */
  readonly quota: string
  readonly tiers: readonly QuotaTier[]
  readonly onFailureAllow: boolean
  readonly onUnmatchedAllow: boolean
  readonly showsHeaders: boolean
  /** Undefined: each request counts 1. */
  readonly weight: Weight | undefined
}

export async function readAttachment(options: OptionReader, context: ComponentContext): Promise<Attachment> {
  const header = options.fieldName('tier_key')
  const readers = options.objects('tiers')
  if (readers.length === 0) options.fail('/tiers', 'expected at least one tier')
  const onUnmatchedAllow = options.flag('on_unmatched_tier_allow')
  const showsHeaders = !options.flag('disable_quota_headers')
  const weight = readWeight(options, context)
  const processor = findProcessor(options, context)
  const tiers: QuotaTier[] = []
  for (const reader of readers) tiers.push(await readTier(reader, header, processor, context))
  if (header === '' && readers.some(reader => (reader.text('tier_value_as') || 'literal') === 'literal'))
    options.fail('/tier_key', 'the name of the header is missing that names the tier')
  return {
    quota: options.text('quota_name'),
    tiers,
    onFailureAllow: processor.onFailureAllow,
    onUnmatchedAllow,
    showsHeaders,
    weight
  }
}

function findProcessor(options: OptionReader, context: ComponentContext): QuotaProcessor {
  const name = options.text('quota_name')
  const processors = processorsIn(context)
  const processor = processors.get(name)
  if (processor !== undefined) return processor
  context.buildsOn('governance/processors')
  const names = [...processors.keys()].map(one => `'${one}'`).join(', ')
  const known = processors.size === 0 ? 'the service has no `governance/processors`' : `\`governance/processors\` has ${names}`
  return options.fail('/quota_name', `there is no quota '${name}': ${known}`)
}

async function readTier(
  reader: OptionReader,
  header: string,
  processor: QuotaProcessor,
  context: ComponentContext
): Promise<QuotaTier> {
  const rule = reader.text('rule_name')
  const counters = processor.rules.get(rule)
  if (counters === undefined) {
    const names = [...processor.rules.keys()].map(one => `'${one}'`).join(', ')
    return reader.fail('/rule_name', `the quota has no rule '${rule}', only ${names}`)
  }
  const matches = await readTierTest(reader, header, context)
  const clientBy = `${reader.text('strategy') || 'header'} ${reader.text('key')}`.trim()
  return { rule, matches, clientKey: readClientKey(reader, context), clientBy, counters }
}

function readClientKey(reader: OptionReader, context: ComponentContext): ClientKey {
  const strategy = (reader.text('strategy') || 'header').toLowerCase()
  const key = strategy === 'param' ? reader.text('key') : reader.fieldName('key')
  const clientKey = compileClientKey(strategy, key)
  if (clientKey === undefined) return reader.fail('/strategy', `unknown strategy '${strategy}': header, ip and param exist`)
  if (strategy !== 'ip' && key === '') reader.fail('/key', `the strategy '${strategy}' needs a key`)
  if (strategy !== 'param') return clientKey
  if (context.scope === 'service') reader.fail('/strategy', 'only an endpoint has parameters: use ip or header')
  if (!(context.endpointFacts?.params ?? []).includes(key)) reader.fail('/key', `the endpoint has no parameter '${key}'`)
  return clientKey
}

function readWeight(options: OptionReader, context: ComponentContext): Weight | undefined {
  const where = (options.text('weight_strategy') || 'body').toLowerCase()
  if (where !== 'body' && where !== 'header')
    return options.fail('/weight_strategy', `unknown strategy '${where}': body and header exist`)
  const key = where === 'header' ? options.fieldName('weight_key') : options.text('weight_key')
  if (key === '') return undefined
  if (where === 'header') return { where, field: key }
  if (context.scope === 'service')
    return options.fail('/weight_strategy', 'bodies are read in endpoints and backends: attach the quota there, or use header')
  const encoding = context.backendFacts?.encoding ?? context.endpointFacts?.outputEncoding
  if (encoding === 'no-op') return options.fail('/weight_strategy', 'a no-op body is not decoded: use header')
  return { where, path: key.split('.') }
}
