import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ResponseMessage } from '../../src/message/response.js'
import { aroundStep, NextStep, nextOf } from '../../src/pipe/next.js'
import { FailingStep, type Step } from '../../src/pipe/step.js'
import { requestOf } from '../support/request.js'

const answering: Step = { send: (_request, receiver) => receiver.receive(ResponseMessage.empty(204)) }
const failing = new FailingStep(() => new Error('gone'))

/** What a receiver is called with, in order. */
function noting(): { calls: unknown[]; receive: (response: ResponseMessage) => void; reject: (error: unknown) => void } {
  const calls: unknown[] = []
  return { calls, receive: response => calls.push(response.status), reject: error => calls.push((error as Error).message) }
}

describe('the two shapes of a step', () => {
  test('next says what the step says', async () => {
    assert.equal((await nextOf(answering)(requestOf())).status, 204)
    await assert.rejects(nextOf(failing)(requestOf()), /gone/)
  })

  test('a step of a next hands on its outcome, and what it throws', async () => {
    const heard = noting()
    new NextStep(async () => ResponseMessage.empty(204)).send(requestOf(), heard)
    new NextStep(() => Promise.reject(new Error('rejected'))).send(requestOf(), heard)
    new NextStep(() => {
      throw new Error('thrown')
    }).send(requestOf(), heard)
    assert.deepEqual(heard.calls, ['thrown'])
    await turn()
    assert.deepEqual(heard.calls, ['thrown', 204, 'rejected'])
  })

  test('a step of a next that returns no promise fails the request', () => {
    const heard = noting()
    new NextStep((() => undefined) as never).send(requestOf(), heard)
    assert.match(String(heard.calls), /then/)
  })

  test('what is passed on goes through in the turn it comes in', () => {
    const heard = noting()
    aroundStep(next => next)(answering).send(requestOf(), heard)
    aroundStep(next => request => next(request))(failing).send(requestOf(), heard)
    assert.deepEqual(heard.calls, [204, 'gone'])
  })

  test('a stage that knows promises alone stands between steps', async () => {
    const heard = noting()
    const stage = aroundStep(next => async request => {
      const response = await next(request)
      response.status += 1
      return response
    })
    stage(answering).send(requestOf(), heard)
    stage(failing).send(requestOf(), heard)
    await turn()
    await turn()
    assert.deepEqual(heard.calls, [205, 'gone'])
  })
})
