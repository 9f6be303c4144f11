/**
 * `governance/quota`: what a client may use in an hour, a day, a month, by its plan.
 *
 * In: a request of the service, an endpoint or a backend. Out: the request, and its response with what is left. It refuses
 * with 429 when a limit is used up. It refuses with 400 for want of a tier or a client, with 500 for want of Redis.
 */

import { defineComponent } from 'sluice/plugin'
import { TIER_PROPERTIES } from '../../_shared/tiers.js'
import { readAttachment } from './attachment.js'
import { compileStages } from './stages.js'

export default defineComponent({
  namespace: 'governance/quota',
  scopes: ['service', 'endpoint', 'backend'],
  slots: { service: 'inner/ratelimit', endpoint: 'router/ratelimit', backend: 'decoded/ratelimit' },
  needs: 'head',
  guard: true,
  schema: {
    type: 'object',
    required: ['quota_name', 'tiers'],
    description: 'Attaches a quota to the service, an endpoint or a backend',
    properties: {
      quota_name: { type: 'string', description: 'The name of a quota in `governance/processors`' },
      tier_key: { type: 'string', description: 'The header that names the tier' },
      disable_quota_headers: { type: 'boolean', default: false, description: 'Responses do not say what is left' },
      on_unmatched_tier_allow: {
        type: 'boolean',
        default: false,
        description: 'Requests of no tier pass uncounted, in place of 400'
      },
      weight_key: { type: 'string', description: 'The field of the response that says how much it counts; absent = 1 each' },
      weight_strategy: { type: 'string', default: 'body', description: 'Where `weight_key` is: body or header' },
      tiers: {
        type: 'array',
        minItems: 1,
        description: 'The tiers; the first one that matches counts',
        items: {
          type: 'object',
          required: ['rule_name'],
          properties: {
            ...TIER_PROPERTIES,
            rule_name: { type: 'string', description: 'The name of a rule of the quota' },
            strategy: { type: 'string', default: 'header', description: 'What tells clients apart: header, ip or param' },
            key: { type: 'string', description: 'The header or the path parameter' }
          },
          additionalProperties: false
        }
      }
    },
    additionalProperties: false
  },
  compile: async (options, context) => compileStages(await readAttachment(options, context), context)
})
