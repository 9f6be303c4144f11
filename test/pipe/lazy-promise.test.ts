import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayResponse } from '../../src/message/response.js'
import { LazyPromise, unwatched } from '../../src/pipe/lazy-promise.js'
import type { ResponseReceiver } from '../../src/pipe/receiver.js'
import { awaited, promised, type Sender } from '../../src/pipe/step.js'
import { requestOf } from '../support/request.js'

/** A sender whose answers are given by hand, and what its receivers were. */
function byHand(): { send: Sender; asked: ResponseReceiver[] } {
  const asked: ResponseReceiver[] = []
  return { asked, send: (_request, receiver) => asked.push(receiver) }
}

/** Notes in one list what it hears. */
function noting(list: unknown[], name = 'receiver'): ResponseReceiver {
  return {
    receive: response => list.push(`${name} ${response.status}`),
    reject: error => list.push(`${name} ${(error as Error).message}`)
  }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('an answer of next that is still to come', () => {
  test('goes on in the turn it comes in when it is passed on, good or bad', () => {
    const { send, asked } = byHand()
    const heard: unknown[] = []
    const stage = awaited(promised(send))
    stage(requestOf(), noting(heard))
    stage(requestOf(), noting(heard))
    asked[0]!.receive(GatewayResponse.empty(204))
    asked[1]!.reject(new Error('gone'))
    assert.deepEqual(heard, ['receiver 204', 'receiver gone'])
  })

  test('goes on at once when it is there before it is passed on', () => {
    const heard: unknown[] = []
    const next = promised((_request, receiver) => receiver.receive(GatewayResponse.empty(204)))
    awaited(next)(requestOf(), noting(heard))
    const failing = promised((_request, receiver) => receiver.reject(new Error('no')))
    awaited(failing)(requestOf(), noting(heard))
    assert.deepEqual(heard, ['receiver 204', 'receiver no'])
  })

  test('is a promise for all who listen', async () => {
    const fresh = (): Promise<GatewayResponse> =>
      promised((_r, receiver) => receiver.receive(GatewayResponse.empty(204)))(requestOf())
    const broken = (): Promise<GatewayResponse> => promised((_r, receiver) => receiver.reject(new Error('no')))(requestOf())
    assert.ok(fresh() instanceof Promise)
    assert.equal(Object.prototype.toString.call(fresh()), '[object Promise]')
    assert.equal((await fresh()).status, 204)
    assert.equal(await fresh().then(response => response.status), 204)
    assert.equal(await broken().catch(error => (error as Error).message), 'no')
    let ended = 0
    assert.equal((await fresh().finally(() => ended++)).status, 204)
    await assert.rejects(
      broken().finally(() => ended++),
      /no/
    )
    assert.equal(ended, 2)
    assert.deepEqual(
      (await Promise.allSettled([fresh(), broken()])).map(one => one.status),
      ['fulfilled', 'rejected']
    )
    assert.equal((await Promise.race([fresh(), new Promise<never>(() => {})])).status, 204)
  })

  test('is heard by those who listen before it goes on', async () => {
    const { send, asked } = byHand()
    const heard: unknown[] = []
    const next = promised(send)
    awaited(asking => {
      const answer = next(asking)
      void answer.then(response => heard.push(`listener ${response.status}`))
      return answer
    })(requestOf(), noting(heard))
    asked[0]!.receive(GatewayResponse.empty(204))
    await turn()
    assert.deepEqual(heard, ['listener 204', 'receiver 204'])
  })

  test('tells those who begin to listen when it has been passed on, or has gone on', async () => {
    const { send, asked } = byHand()
    const heard: unknown[] = []
    const answer = promised(send)(requestOf()) as LazyPromise
    answer.passTo(noting(heard))
    void answer.then(response => heard.push(`listener ${response.status}`))
    asked[0]!.receive(GatewayResponse.empty(204))
    await turn()
    assert.deepEqual(heard, ['listener 204', 'receiver 204'])
    assert.equal((await answer).status, 204)
  })

  test('is a promise of the system where somebody has listened before', async () => {
    const next = promised((_request, receiver) => receiver.receive(GatewayResponse.empty(204)))
    const first = next(requestOf())
    assert.ok(first instanceof LazyPromise)
    assert.ok(next(requestOf()) instanceof LazyPromise)
    await first
    const later = next(requestOf())
    assert.ok(!(later instanceof LazyPromise))
    assert.equal((await later).status, 204)
  })

  test('ends no process when nobody looks at its failure', async t => {
    const lost: unknown[] = []
    const note = (error: unknown): void => void lost.push(error)
    process.on('unhandledRejection', note)
    t.after(() => process.off('unhandledRejection', note))
    const { send, asked } = byHand()
    const next = promised(send)
    unwatched(next(requestOf()))
    const heard = next(requestOf())
    heard.catch(() => {})
    unwatched(heard)
    unwatched(next(requestOf()))
    for (const receiver of asked) receiver.reject(new Error('gone'))
    await turn()
    assert.deepEqual(lost, [])
    assert.equal(asked.length, 3)
  })
})
