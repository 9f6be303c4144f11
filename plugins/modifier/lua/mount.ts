/** What the mounts of one gateway share, and what each is told of its place. */

import { type ComponentContext, queryPairs } from 'sluice/plugin'
import { HttpCalls } from './http-calls.js'
import type { Mount } from './state.js'

const AGENT = 'modifier/lua: connections'
/** Default of `max_body_bytes`, where no endpoint has one. */
const MOST_BYTES = 10 * 1024 * 1024
/** At the service no endpoint's deadline runs yet. */
const SERVICE_CALL_MS = 10_000

export function mountOf(scope: Mount['scope'], context: ComponentContext): Mount {
  const { backendFacts, endpointFacts, service, shared } = context
  let agent = shared.get(AGENT) as ReturnType<typeof HttpCalls.agent> | undefined
  if (agent === undefined) {
    const made = HttpCalls.agent()
    shared.set(AGENT, made)
    context.onClose(() => made.destroy())
    agent = made
  }
  const pattern = backendFacts?.urlPattern ?? ''
  const mark = pattern.indexOf('?')
  return {
    scope,
    callMs: scope === 'service' ? SERVICE_CALL_MS : undefined,
    noOp: (backendFacts?.encoding ?? endpointFacts?.outputEncoding) === 'no-op',
    patternPairs: mark < 0 ? 0 : queryPairs(pattern.slice(mark + 1)).length,
    calls: new HttpCalls(agent, service.userAgent, endpointFacts?.maxBodyBytes ?? MOST_BYTES)
  }
}
