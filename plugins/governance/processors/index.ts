/**
 * `governance/processors`: quotas by name, with their rules and limits.
 *
 * In: the declarations. Out: counters in Redis that `governance/quota` attaches to the service, to endpoints and to backends.
 */

import { type ComponentContext, defineComponent, type OptionReader } from 'sluice/plugin'
import { type Limit, QuotaCounters, UNITS, type Unit } from '../../_shared/quota/counters.js'
import { type QuotaProcessor, setProcessors } from '../../_shared/quota/processors.js'
import { findLink } from '../../_shared/redis/find-link.js'
import { PROCESSORS_SCHEMA } from './schema.js'

export default defineComponent({
  namespace: 'governance/processors',
  scopes: ['service'],
  slots: {},
  needs: 'head',
  guard: true,
  schema: PROCESSORS_SCHEMA,
  compile(options, context) {
    const processors = new Map<string, QuotaProcessor>()
    for (const quota of options.objects('quotas')) {
      const name = quota.text('name')
      if (name === '') quota.fail('/name', 'a quota needs a name')
      if (processors.has(name)) quota.fail('/name', `there is a quota '${name}' already`)
      processors.set(name, readProcessor(quota, name, context))
    }
    setProcessors(context, processors)
    return undefined
  }
})

function readProcessor(quota: OptionReader, name: string, context: ComponentContext): QuotaProcessor {
  const link = findLink(quota, context)
  const options = { hashes: quota.flag('hash_keys'), remembers: quota.object('rejecter_cache') !== undefined }
  const rules = new Map<string, QuotaCounters>()
  for (const rule of quota.objects('rules')) {
    const plan = rule.text('name')
    if (plan === '') rule.fail('/name', 'a rule needs a name')
    if (rules.has(plan)) rule.fail('/name', `there is a rule '${plan}' already`)
    const limits = rule.objects('limits').map(readLimit)
    if (limits.length === 0) rule.fail('/limits', 'expected at least one limit')
    const twice = limits.findIndex((limit, at) => limits.findIndex(({ unit }) => unit === limit.unit) !== at)
    if (twice !== -1) rule.fail(`/limits/${twice}/unit`, `there is a limit for each ${limits[twice]!.unit} already`)
    rules.set(plan, new QuotaCounters(link, `${name}:${plan}`, limits, options))
  }
  return { rules, onFailureAllow: quota.flag('on_failure_allow') }
}

function readLimit(reader: OptionReader): Limit {
  const unit = reader.text('unit')
  if (!isUnit(unit)) return reader.fail('/unit', `unknown unit '${unit}': ${UNITS.join(', ')} exist`)
  const amount = reader.amount('amount', 0)
  if (amount > Number.MAX_SAFE_INTEGER) reader.fail('/amount', `expected at most ${Number.MAX_SAFE_INTEGER}`)
  return { amount, unit }
}

function isUnit(text: string): text is Unit {
  return UNITS.some(unit => unit === text)
}
