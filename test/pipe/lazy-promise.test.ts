/** The invariants of `src/pipe/lazy-promise.ts` by their numbers, each tried with every order of calls. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ResponseMessage } from '../../src/message/response.js'
import { handOn, LazyPromise, unwatched } from '../../src/pipe/lazy-promise.js'
import type { ResponseReceiver } from '../../src/pipe/receiver.js'

/** What may happen to a lazy promise. */
const CALLS = ['receive', 'reject', 'passTo', 'listen', 'turn'] as const
type Call = (typeof CALLS)[number]

/** What was called when; calls to the receiver carry the index of the call during which they came. */
interface Run {
  readonly order: readonly Call[]
  /** `204` or `gone`; undefined = it never settled. */
  readonly outcome: string | undefined
  /** `receiver 204`, `listener 0 gone` … in the order in which they came. */
  readonly heard: readonly string[]
  /** Index of the call during which the receiver was called; undefined = in a later turn, or never. */
  readonly receivedDuring: number | undefined
}

/** All orders of up to five calls with at most one `passTo`: a promise is handed on once. */
function* orders(length = 5, begun: readonly Call[] = []): Generator<readonly Call[]> {
  if (begun.length > 0) yield begun
  if (begun.length === length) return
  for (const call of CALLS) {
    if (call === 'passTo' && begun.includes('passTo')) continue
    if (call === 'turn' && (begun.length === 0 || begun.at(-1) === 'turn')) continue
    yield* orders(length, [...begun, call])
  }
}

async function runOrder(order: readonly Call[]): Promise<Run> {
  const promise = new LazyPromise()
  const heard: string[] = []
  let during: number | undefined
  let receivedDuring: number | undefined
  const note = (line: string): void => {
    heard.push(line)
    if (line.startsWith('receiver')) receivedDuring = during
  }
  const receiver: ResponseReceiver = {
    receive: response => note(`receiver ${response.status}`),
    reject: error => note(`receiver ${(error as Error).message}`)
  }
  let listeners = 0
  const calls: Record<Exclude<Call, 'turn'>, () => void> = {
    receive: () => promise.receive(ResponseMessage.empty(204)),
    reject: () => promise.reject(new Error('gone')),
    passTo: () => promise.passTo(receiver),
    listen: () => {
      const name = `listener ${listeners++}`
      promise.then(
        response => note(`${name} ${response.status}`),
        error => note(`${name} ${(error as Error).message}`)
      )
    }
  }
  for (const [index, call] of order.entries()) {
    during = index
    if (call !== 'turn') calls[call]()
    during = undefined
    if (call === 'turn') await turn()
  }
  await turn()
  const settlement = order.find(call => call === 'receive' || call === 'reject')
  const outcome = settlement === undefined ? undefined : settlement === 'receive' ? '204' : 'gone'
  return { order, outcome, heard, receivedDuring }
}

const runs: readonly Run[] = await Promise.all([...orders()].map(runOrder))

/** Runs `check` on each run; a failure names the order of its calls. */
function forEachRun(check: (run: Run) => void): void {
  assert.ok(runs.length > 500, `${runs.length} orders are tried`)
  for (const run of runs) {
    try {
      check(run)
    } catch (error) {
      throw new Error(`${run.order.join(', ')} → ${run.heard.join(', ')}: ${(error as Error).message}`)
    }
  }
}

const receiverLines = (run: Run): string[] => run.heard.filter(line => line.startsWith('receiver'))
const settledAt = (run: Run): number => run.order.findIndex(call => call === 'receive' || call === 'reject')

describe('a lazy promise', () => {
  test('1. settles once, by the first call', () => {
    forEachRun(run => {
      for (const line of run.heard) assert.ok(line.endsWith(` ${run.outcome}`))
    })
  })

  test('2. calls its receiver exactly once, when it has settled', () => {
    forEachRun(run => {
      const calls = run.outcome !== undefined && run.order.includes('passTo') ? 1 : 0
      assert.equal(receiverLines(run).length, calls)
    })
  })

  test('2. calls each receiver that it is passed to', async () => {
    const heard: string[] = []
    const named = (name: string): ResponseReceiver => ({ receive: () => heard.push(name), reject: () => heard.push(name) })
    const promise = new LazyPromise()
    handOn(promise, named('first'))
    handOn(promise, named('second'))
    promise.receive(ResponseMessage.empty(204))
    handOn(promise, named('third'))
    assert.deepEqual(heard, ['first'])
    await turn()
    assert.deepEqual(heard, ['first', 'second', 'third'])
  })

  test('3. without a listener calls its receiver synchronously', () => {
    forEachRun(run => {
      const passed = run.order.indexOf('passTo')
      const settled = settledAt(run)
      if (passed < 0 || settled < 0 || run.order.slice(0, Math.max(passed, settled)).includes('listen')) return
      assert.equal(run.receivedDuring, Math.max(passed, settled))
    })
  })

  test('4. calls listeners that came before the receiver before it', () => {
    forEachRun(run => {
      const earlier = run.order.slice(0, run.order.indexOf('passTo') + 1).filter(call => call === 'listen').length
      const at = run.heard.findIndex(line => line.startsWith('receiver'))
      if (at < 0) return
      const before = run.heard.slice(0, at)
      for (let i = 0; i < earlier; i++) assert.ok(before.some(line => line.startsWith(`listener ${i} `)))
    })
  })

  test('5. gives every listener the outcome, whenever it comes', () => {
    forEachRun(run => {
      const expected = run.outcome === undefined ? 0 : run.order.filter(call => call === 'listen').length
      assert.equal(run.heard.filter(line => line.startsWith('listener')).length, expected)
    })
  })

  for (const when of ['before', 'after'] as const) {
    test(`6. is a promise to those who listen ${when} it settles`, async () => {
      const made = (settle: (promise: LazyPromise) => void): LazyPromise => {
        const promise = new LazyPromise()
        if (when === 'after') settle(promise)
        else setImmediate(settle, promise)
        return promise
      }
      const good = (): LazyPromise => made(promise => promise.receive(ResponseMessage.empty(204)))
      const bad = (): LazyPromise => made(promise => promise.reject(new Error('gone')))
      assert.ok(good() instanceof Promise)
      assert.equal(Object.prototype.toString.call(good()), '[object Promise]')
      assert.equal((await good()).status, 204)
      assert.equal(await good().then(response => response.status), 204)
      await assert.rejects(bad(), /gone/)
      assert.equal(await bad().catch(error => (error as Error).message), 'gone')
      let ended = 0
      assert.equal((await good().finally(() => ended++)).status, 204)
      await assert.rejects(
        bad().finally(() => ended++),
        /gone/
      )
      assert.equal(ended, 2)
      assert.equal((await Promise.all([good()]))[0]!.status, 204)
      assert.equal((await Promise.race([good(), new Promise<never>(() => {})])).status, 204)
      const all = await Promise.allSettled([good(), bad()])
      assert.deepEqual(
        all.map(one => one.status),
        ['fulfilled', 'rejected']
      )
    })
  }

  test('7. is no unhandled rejection when nothing listens', async t => {
    const lost: unknown[] = []
    const note = (error: unknown): void => void lost.push(error)
    process.on('unhandledRejection', note)
    t.after(() => process.off('unhandledRejection', note))
    const unheard = new LazyPromise()
    unwatched(unheard)
    const heard = new LazyPromise()
    heard.catch(() => {})
    const passed = new LazyPromise()
    passed.passTo({ receive() {}, reject() {} })
    for (const promise of [unheard, heard, passed]) promise.reject(new Error('gone'))
    const native = Promise.reject(new Error('gone'))
    unwatched(native)
    await turn()
    assert.deepEqual(lost, [])
  })
})
