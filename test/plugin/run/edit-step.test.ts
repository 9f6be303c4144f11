import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SlottedEdit } from '../../../src/plugin/component.js'
import { GatewayResponse } from '../../../src/plugin/index.js'
import { aroundByEdit } from '../../../src/plugin/run/edit-step.js'
import { type Outcome, outcomeOf } from '../../support/step-outcome.js'

type Edit = Omit<SlottedEdit, 'slot'>

const outcome = (edit: Edit): Promise<Outcome> => outcomeOf(aroundByEdit({ slot: 'router/auth', ...edit }))

const refusal = (): GatewayResponse => new GatewayResponse(401)

test('a request that is let pass, or answered, goes its way in the same turn', async () => {
  assert.deepEqual(await outcome({ request: () => undefined }), { told: '200', sameTurn: true, sent: 1 })
  assert.deepEqual(await outcome({ request: refusal }), { told: '401', sameTurn: true, sent: 0 })
})

test('a request waits for a promise', async () => {
  assert.deepEqual(await outcome({ request: async () => undefined }), { told: '200', sameTurn: false, sent: 1 })
  assert.deepEqual(await outcome({ request: async () => refusal() }), { told: '401', sameTurn: false, sent: 0 })
})

test('what an edit throws, or rejects with, fails the request', async () => {
  const fails = (): never => {
    throw new Error('no')
  }
  assert.deepEqual(await outcome({ request: fails }), { told: 'no', sameTurn: true, sent: 0 })
  assert.deepEqual(await outcome({ request: async () => fails() }), { told: 'no', sameTurn: false, sent: 0 })
})

test('a response in place of the call goes through the other half of the edit', async () => {
  const response = (given: GatewayResponse): GatewayResponse => {
    given.status += 1
    return given
  }
  assert.equal((await outcome({ request: refusal, response })).told, '402')
  assert.equal((await outcome({ request: async () => refusal(), response })).told, '402')
  assert.equal((await outcome({ response })).told, '201')
})
