/** Section 3: limits of what clients may ask for, and of how long it may take. */

import type { ServicePart } from '../inventory.js'
import { type AuditSeverity, inEndpoints, partsOf, pluginNames, type Rule, when } from '../rule.js'

function isLimited(service: ServicePart): boolean {
  const { components } = service
  if (components.has('qos/ratelimit/service')) return true
  if (pluginNames(components.get('plugin/http-server')).includes('redis-ratelimit')) return true
  return partsOf(service).some(
    part =>
      (part.components.get('qos/ratelimit/router')?.isObject ?? false) ||
      (part !== service && part.components.has('qos/ratelimit/proxy'))
  )
}

const hasBreaker = (service: ServicePart): boolean =>
  partsOf(service).some(part => part !== service && part.components.has('qos/circuit-breaker'))

function longerThan(id: string, severity: AuditSeverity, ms: number, words: string): Rule {
  return {
    id,
    severity,
    message: `A timeout is longer than ${words}: a slow backend keeps connections and clients that long.`,
    places: inEndpoints(({ reader, timeoutMs }, service) => {
      if (timeoutMs <= ms) return undefined
      return (reader.raw('timeout') === undefined ? service.reader : reader).at('timeout')
    })
  }
}

export const TRAFFIC_RULES: readonly Rule[] = [
  {
    id: '3.1.1',
    severity: 'LOW',
    message: 'Bots are served like other clients: configure security/bot-detector in the root.',
    places: when(({ components }) => !components.get('security/bot-detector')?.isObject)
  },
  {
    id: '3.1.2',
    severity: 'HIGH',
    message: 'Nothing limits how often a client calls: configure qos/ratelimit/router or qos/ratelimit/proxy.',
    places: when(service => !isLimited(service))
  },
  {
    id: '3.1.3',
    severity: 'HIGH',
    message: 'A backend that fails is called again and again: configure qos/circuit-breaker.',
    places: when(service => !hasBreaker(service))
  },
  longerThan('3.3.1', 'LOW', 3_000, '3 seconds'),
  longerThan('3.3.2', 'MEDIUM', 5_000, '5 seconds'),
  longerThan('3.3.3', 'HIGH', 30_000, '30 seconds'),
  longerThan('3.3.4', 'CRITICAL', 60_000, 'a minute')
]
