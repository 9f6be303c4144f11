/**
 * `qos/circuit-breaker`: leaves a failing backend alone for a while.
 *
 * In: a backend call. Out: the call; after too many failures in a row a failure at once, until one trial call succeeds. What
 * limits and checks of the backend refuse counts as a failure, a client that goes away does not. Under no-op a failing
 * status is a response, not a failure.
 */

import {
  defineComponent,
  type Follower,
  GatewayError,
  type GatewayResponse,
  type Logger,
  type SlottedFollow
} from 'sluice/plugin'
import { Breaker } from './breaker.js'

const SCHEMA = {
  type: 'object',
  description: 'Leaves a failing backend alone for a while',
  properties: {
    interval: { type: 'integer', default: 0, description: 'Seconds after which failures are forgotten; 0 = never' },
    timeout: { type: 'integer', default: 60, description: 'Seconds until a call is tried again; 0 = 60' },
    max_errors: { type: 'integer', minimum: 0, default: 0, description: 'Consecutive failures allowed before the breaker opens' },
    name: { type: 'string', description: 'The name in log lines' },
    log_status_change: { type: 'boolean', default: false, description: 'Logs when the breaker opens and closes' }
  },
  additionalProperties: false
} as const

/** s */
const DEFAULT_TIMEOUT = 60

export default defineComponent({
  namespace: 'qos/circuit-breaker',
  scopes: ['backend'],
  slots: { backend: 'decoded/circuit-breaker' },
  needs: 'head',
  guard: true,
  schema: SCHEMA,
  compile(options, context) {
    const name = options.text('name', '', '')
    const interval = options.integer('interval', 0, 0)
    const timeout = options.integer('timeout', 0, 0)
    const maxErrors = Math.trunc(options.amount('max_errors', 0, 0))
    context.logger.debug(`${context.tag}[CB] Creating the circuit breaker named '${name}'`)
    const logsChange = options.flag('log_status_change', false, false)
    const times = { intervalMs: Math.max(0, interval) * 1000, openMs: (timeout > 0 ? timeout : DEFAULT_TIMEOUT) * 1000 }
    const open = (logger: Logger): Breaker =>
      new Breaker({
        ...times,
        maxErrors,
        now: () => performance.now(),
        ...(logsChange ? { onChange: logChange(name, logger) } : {})
      })
    const breaker = context.keepHere({ ...times, maxErrors, name, logsChange }, open)
    context.status('breaker', () => ({
      state: breaker.state,
      failures_in_row: breaker.failuresInRow,
      max_errors: maxErrors,
      refused: breaker.refused
    }))
    return [{ slot: 'decoded/circuit-breaker', follow: breakCircuit(breaker) }]
  }
})

function logChange(name: string, logger: Logger): (from: string, to: string) => void {
  return (from, to) => logger.warning(`[CB] Circuit breaker named '${name}' went from '${from}' to '${to}'`)
}

function breakCircuit(breaker: Breaker): SlottedFollow['follow'] {
  let last: Settling | undefined
  return () => {
    const ticket = breaker.admit()
    if (typeof ticket !== 'number') throw refused(ticket)
    // tickets change with the state alone
    if (last?.ticket !== ticket) last = new Settling(breaker, ticket)
    return last
  }
}

/** Tells the breaker what the calls of one ticket came to. */
class Settling implements Follower {
  readonly ticket: number
  private readonly breaker: Breaker

  constructor(breaker: Breaker, ticket: number) {
    this.breaker = breaker
    this.ticket = ticket
  }

  response(response: GatewayResponse): GatewayResponse {
    this.breaker.settle(this.ticket, true)
    return response
  }

  failure(error: unknown): void {
    this.breaker.settle(this.ticket, isOwnEnd(error) ? undefined : false)
  }
}

/** The client went away, or another one of concurrent calls was faster. */
function isOwnEnd(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'SLUICE_ERR_CLIENT_ABORTED'
}

function refused(why: 'open' | 'trying'): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_LIMITED', {
    message: why === 'open' ? 'circuit breaker is open' : 'too many requests'
  })
}
