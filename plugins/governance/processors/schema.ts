/** JSON Schema of `governance/processors`. */

import { UNITS } from '../../_shared/quota/counters.js'

const noEffect = (type: 'string' | 'integer' | 'object', reason: string) =>
  ({ type, description: `Accepted and without effect: ${reason}` }) as const
const EXACT = 'what was refused is remembered exactly, without a queue'
const BREAKER = 'the connection decides when it asks again'

const LIMIT = {
  type: 'object',
  required: ['amount', 'unit'],
  properties: {
    amount: { type: 'number', minimum: 0, description: 'Requests, or units of weight' },
    unit: { type: 'string', enum: UNITS, description: 'The time, as the calendar in UTC has it' }
  },
  additionalProperties: false
} as const

const RULE = {
  type: 'object',
  required: ['name', 'limits'],
  properties: {
    name: { type: 'string', description: 'The name of the plan' },
    limits: { type: 'array', minItems: 1, description: 'What a client may use; all of them hold', items: LIMIT }
  },
  additionalProperties: false
} as const

const QUOTA = {
  type: 'object',
  required: ['name', 'connection_name', 'rules'],
  properties: {
    name: { type: 'string', description: 'What `governance/quota` calls it; part of the keys in Redis' },
    connection_name: { type: 'string', description: 'The name of a connection or cluster in the `redis` of the service' },
    hash_keys: { type: 'boolean', default: false, description: 'Keys in Redis have a hash in place of the client' },
    on_failure_allow: {
      type: 'boolean',
      default: false,
      description: 'Lets requests pass uncounted while Redis does not answer'
    },
    on_failure_backoff_strategy: noEffect('string', BREAKER),
    on_failure_max_retries: noEffect('integer', BREAKER),
    rejecter_cache: {
      type: 'object',
      description: 'Clients whose quota is used up are refused without asking Redis; its keys have no effect'
    },
    deny_queue_flush_interval: noEffect('string', EXACT),
    deny_queue_flush_threshold: noEffect('integer', EXACT),
    deny_queue_size: noEffect('integer', EXACT),
    rules: { type: 'array', description: 'The plans', items: RULE }
  },
  additionalProperties: false
} as const

export const PROCESSORS_SCHEMA = {
  type: 'object',
  required: ['quotas'],
  description: 'Quotas that are counted in Redis, by name',
  properties: { quotas: { type: 'array', description: 'The quotas', items: QUOTA } },
  additionalProperties: false
} as const
