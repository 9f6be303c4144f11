/**
 * `security/bot-detector`: refuses bots by their User-Agent, at service or endpoint level.
 *
 * In: a request. Out: 403 without a body for a bot, else the request goes on.
 */

import { setImmediate } from 'node:timers/promises'
import { type ComponentContext, defineComponent, GatewayResponse, type OptionReader, type SlottedEdit } from 'sluice/plugin'
import { textsOrNone } from '../../_shared/option-types.js'
import { compilePattern, joinPatterns } from '../../_shared/re2.js'
import { compileDetector, type Detector, rememberVerdicts } from './detector.js'

const SCHEMA = {
  type: 'object',
  description: 'Refuses bots by their User-Agent',
  properties: {
    allow: textsOrNone('Values of User-Agent that pass'),
    deny: textsOrNone('Values of User-Agent that are refused'),
    patterns: textsOrNone('Regular expressions (RE2) of those that are refused'),
    cache_size: { type: 'integer', minimum: 0, default: 0, description: 'How many verdicts are remembered; 0 = none' },
    empty_user_agent_is_bot: { type: 'boolean', default: false, description: 'Refuses requests without User-Agent' }
  },
  additionalProperties: false
} as const

export default defineComponent({
  namespace: 'security/bot-detector',
  scopes: ['service', 'endpoint'],
  slots: { service: 'inner/bot-detector', endpoint: 'router/bot-detector' },
  needs: 'head',
  guard: true,
  caseless: true,
  schema: SCHEMA,
  async compile(options, context) {
    const tag = `${context.tag}[Botdetector]`
    const detect = await createDetector(options)
    context.logger.debug(`${tag} The bot detector has been registered successfully`)
    const request = refuseBots(detect, tag, context)
    return [{ slot: context.scope === 'service' ? 'inner/bot-detector' : 'router/bot-detector', request }]
  }
})

/** In tolerant mode an entry that cannot be used is left out, and the others are looked for. */
async function createDetector(options: OptionReader): Promise<Detector> {
  const detect = compileDetector({
    allow: new Set(options.textsOf('allow')),
    deny: new Set(options.textsOf('deny')),
    patterns: await joinPatterns(await readPatterns(options)),
    emptyIsBot: options.flag('empty_user_agent_is_bot', false, true)
  })
  const size = Math.trunc(options.amount('cache_size', 0, 0))
  if (size === 0) return detect
  const { LRUCache } = await import('lru-cache')
  return rememberVerdicts(detect, new LRUCache<string, boolean>({ max: size }))
}

/** Patterns that are compiled before others have a turn: some 10 ms. */
const PATTERNS_OF_A_TURN = 100

async function readPatterns(options: OptionReader): Promise<string[]> {
  const patterns: string[] = []
  for (const [index, text] of options.textsOf('patterns').entries()) {
    if (index % PATTERNS_OF_A_TURN === PATTERNS_OF_A_TURN - 1) await setImmediate()
    try {
      await compilePattern(text)
      patterns.push(text)
    } catch (cause) {
      options.report(`/patterns/${index}`, `not a regular expression (RE2): ${(cause as Error).message}`)
    }
  }
  return patterns
}

function refuseBots(detect: Detector, tag: string, context: ComponentContext): NonNullable<SlottedEdit['request']> {
  const line = `${tag} bot rejected`
  return request => {
    if (!detect(request.headers.getAll('user-agent')[0])) return undefined
    context.logger.error(line)
    return new GatewayResponse(403)
  }
}
