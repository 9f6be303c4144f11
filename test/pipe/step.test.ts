import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ResponseMessage } from '../../src/message/response.js'
import type { ResponseReceiver } from '../../src/pipe/receiver.js'
import { FailingStep, type Step, WorkStep } from '../../src/pipe/step.js'
import { requestOf } from '../support/request.js'

/** Notes what it is called with. */
class Noting implements ResponseReceiver {
  readonly calls: unknown[] = []
  receive(response: ResponseMessage): void {
    this.calls.push(response.status)
  }
  reject(error: unknown): void {
    this.calls.push((error as Error).message)
  }
}

const answering = (status: number): Step => ({
  send: (_request, receiver) => receiver.receive(ResponseMessage.empty(status))
})
const failing = new FailingStep(() => new Error('gone'))

describe('a step with work', () => {
  test('hands its response on while the call still runs', () => {
    const heard = new Noting()
    new WorkStep(answering(201), response => response).send(requestOf(), heard)
    new WorkStep(answering(201), () => ResponseMessage.empty(202)).send(requestOf(), heard)
    assert.deepEqual(heard.calls, [201, 202])
  })

  test('waits for work that returns a promise', async () => {
    const heard = new Noting()
    new WorkStep(answering(201), async () => ResponseMessage.empty(203)).send(requestOf(), heard)
    new WorkStep(answering(201), () => Promise.reject(new Error('late'))).send(requestOf(), heard)
    assert.deepEqual(heard.calls, [])
    await turn()
    assert.deepEqual(heard.calls, [203, 'late'])
  })

  test('is passed by failures, and fails the request with what its work throws', () => {
    const heard = new Noting()
    const seen: string[] = []
    new WorkStep(failing, response => {
      seen.push('worked')
      return response
    }).send(requestOf(), heard)
    new WorkStep(answering(200), () => {
      throw new Error('broken')
    }).send(requestOf(), heard)
    assert.deepEqual([heard.calls, seen], [['gone', 'broken'], []])
  })

  test('lets the response go that its work throws for', () => {
    let discarded = 0
    const inner: Step = {
      send(_request, receiver) {
        const response = ResponseMessage.empty(200)
        response.discard = () => discarded++
        receiver.receive(response)
      }
    }
    new WorkStep(inner, () => {
      throw new Error('broken')
    }).send(requestOf(), new Noting())
    assert.equal(discarded, 1)
  })
})
