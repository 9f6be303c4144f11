import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BackendCall } from '../../src/backend/backend-call.js'
import { ConcurrentCall } from '../../src/endpoint/concurrent.js'
import { ResponseMessage } from '../../src/message/response.js'
import type { Scope } from '../../src/message/scope.js'
import type { ResponseReceiver } from '../../src/pipe/receiver.js'
import { requestOf } from '../support/request.js'

/** A backend whose calls are settled by hand. */
class ByHand implements BackendCall {
  readonly calls: { readonly scope: Scope; readonly receiver: ResponseReceiver }[] = []
  send(...[, , , scope, receiver]: Parameters<BackendCall['send']>): void {
    this.calls.push({ scope, receiver })
  }
}

/** A response that notes when it is discarded. */
function responseOf(name: string, discarded: string[], complete = true): ResponseMessage {
  const response = ResponseMessage.over(200, ['x-name', name], undefined, 0)
  response.complete = complete
  response.discard = () => discarded.push(name)
  return response
}

function race(times: number): { backend: ByHand; heard: string[]; discarded: string[] } {
  const backend = new ByHand()
  const heard: string[] = []
  const request = requestOf()
  new ConcurrentCall(backend, times, 1000).send(request, undefined, undefined, request.scope, {
    receive: response => heard.push(response.headers.get('x-name')!),
    reject: error => heard.push((error as Error).message)
  })
  return { backend, heard, discarded: [] }
}

describe('concurrent calls of one backend', () => {
  test('the first complete response wins: the others are cancelled, and discarded when they come all the same', () => {
    const { backend, heard, discarded } = race(3)
    assert.equal(backend.calls.length, 3)
    backend.calls[0]!.receiver.reject(new Error('refused'))
    backend.calls[1]!.receiver.receive(responseOf('second', discarded))
    assert.deepEqual(heard, ['second'])
    assert.deepEqual(
      backend.calls.map(call => call.scope.reason?.message),
      ['context canceled', undefined, 'context canceled']
    )
    backend.calls[2]!.receiver.receive(responseOf('third', discarded))
    assert.deepEqual([heard, discarded], [['second'], ['third']])
  })

  test('an incomplete response counts when there is no complete one', () => {
    const { backend, heard, discarded } = race(2)
    backend.calls[1]!.receiver.receive(responseOf('partial', discarded, false))
    assert.deepEqual(heard, [])
    backend.calls[0]!.receiver.reject(new Error('refused'))
    assert.deepEqual(heard, ['partial'])
  })

  test('the last failure counts when all calls fail', () => {
    const { backend, heard } = race(2)
    backend.calls[0]!.receiver.reject(new Error('first'))
    backend.calls[1]!.receiver.reject(new Error('last'))
    assert.deepEqual(heard, ['last'])
  })

  test('no further call is made when one has won already', () => {
    const heard: string[] = []
    let calls = 0
    const atOnce: BackendCall = {
      send(...[, , , , receiver]) {
        calls++
        receiver.receive(responseOf('only', []))
      }
    }
    const request = requestOf()
    const receiver: ResponseReceiver = { receive: () => heard.push('received'), reject: () => heard.push('rejected') }
    new ConcurrentCall(atOnce, 3, 1000).send(request, undefined, undefined, request.scope, receiver)
    assert.deepEqual([calls, heard], [1, ['received']])
  })
})
