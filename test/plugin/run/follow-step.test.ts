import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SlottedFollow } from '../../../src/plugin/component.js'
import { GatewayResponse } from '../../../src/plugin/index.js'
import { aroundByFollow } from '../../../src/plugin/run/follow-step.js'
import { type Outcome, outcomeOf } from '../../support/step-outcome.js'

const outcome = (follow: SlottedFollow['follow'], failure?: Error): Promise<Outcome> =>
  outcomeOf(aroundByFollow({ slot: 'decoded/circuit-breaker', follow }), failure)

const fails = (): never => {
  throw new Error('no')
}

test('a request goes on unfollowed, is answered in its place, or fails', async () => {
  assert.deepEqual(await outcome(() => undefined), { told: '200', sameTurn: true, sent: 1 })
  assert.deepEqual(await outcome(() => new GatewayResponse(403)), { told: '403', sameTurn: true, sent: 0 })
  assert.deepEqual(await outcome(fails), { told: 'no', sameTurn: true, sent: 0 })
})

test('a follower edits the response, at once or later, and what it throws is the failure', async () => {
  const edited = (response: GatewayResponse): GatewayResponse => {
    response.status = 201
    return response
  }
  assert.deepEqual(await outcome(() => ({ response: edited })), { told: '201', sameTurn: true, sent: 1 })
  const later = async (response: GatewayResponse): Promise<GatewayResponse> => edited(response)
  assert.deepEqual(await outcome(() => ({ response: later })), { told: '201', sameTurn: false, sent: 1 })
  assert.deepEqual(await outcome(() => ({ response: () => new GatewayResponse(202) })), { told: '202', sameTurn: true, sent: 1 })
  assert.deepEqual(await outcome(() => ({ response: fails })), { told: 'no', sameTurn: true, sent: 1 })
  assert.deepEqual(await outcome(() => ({ response: async () => fails() })), { told: 'no', sameTurn: false, sent: 1 })
})

test('a follower is told of a failure, which goes on', async () => {
  const seen: unknown[] = []
  const failure = new Error('down')
  assert.equal((await outcome(() => ({ failure: error => void seen.push(error) }), failure)).told, 'down')
  assert.equal((await outcome(() => ({}), failure)).told, 'down')
  assert.equal((await outcome(() => ({ failure: fails }), failure)).told, 'no')
  assert.deepEqual(seen, [failure])
})

test('what is returned in a promise is waited for', async () => {
  const status = { response: (): GatewayResponse => new GatewayResponse(201) }
  assert.deepEqual(await outcome(async () => status), { told: '201', sameTurn: false, sent: 1 })
  assert.deepEqual(await outcome(async () => undefined), { told: '200', sameTurn: false, sent: 1 })
  assert.deepEqual(await outcome(async () => new GatewayResponse(403)), { told: '403', sameTurn: false, sent: 0 })
  assert.deepEqual(await outcome(async () => fails()), { told: 'no', sameTurn: false, sent: 0 })
})
