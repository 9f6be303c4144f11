import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { GatewayError } from '../../src/errors.js'
import { type Demand, runSliced, runWhole, type Sliced } from '../../src/message/slices.js'

/** Work of many pieces of a millisecond each. */
function* pieces(count: number, done: (piece: number) => void = () => {}): Sliced<number> {
  for (let piece = 1; piece <= count; piece++) {
    const until = performance.now() + 1
    while (performance.now() < until);
    done(piece)
    yield
  }
  return count
}

/** Counts the turns of the event loop until `over`. */
async function turnsUntil(over: Promise<unknown>): Promise<number> {
  let turns = 0
  let ended = false
  void over
    .finally(() => {
      ended = true
    })
    .catch(() => {})
  while (!ended) {
    await turn()
    turns++
  }
  return turns
}

test('work that never stops is done at once', () => {
  // biome-ignore lint/correctness/useYield: it never stops
  function* small(): Sliced<string> {
    return 'done'
  }
  assert.equal(runSliced(small(), undefined), 'done')
  // biome-ignore lint/correctness/useYield: it fails before
  function* failing(): Sliced<string> {
    throw new Error('broken')
  }
  assert.throws(() => runSliced(failing(), undefined), /broken/)
})

test('others get many turns while long work is done', async () => {
  const made = runSliced(pieces(100), undefined)
  assert.ok(made instanceof Promise)
  const turns = await turnsUntil(made)
  assert.equal(await made, 100)
  assert.ok(turns >= 8, `${turns} turns`)
})

test('several works share a turn: each goes on, none waits for the end of another', async () => {
  const order: string[] = []
  const works = ['a', 'b', 'c'].map(name =>
    runSliced(
      pieces(60, piece => order.push(`${name}${piece}`)),
      undefined
    )
  )
  await Promise.all(works)
  assert.equal(order.length, 180)
  assert.ok(order.indexOf('c10') < order.indexOf('a60'), 'the third began before the first ended')
})

test('work that is wanted no more stops, and rejects with the reason', async () => {
  const scope: { reason: GatewayError | undefined } = { reason: undefined }
  let done = 0
  let closed = false
  function* work(): Sliced<number> {
    try {
      return yield* pieces(10_000, piece => {
        done = piece
      })
    } finally {
      closed = true
    }
  }
  const made = runSliced(work(), scope satisfies Demand) as Promise<number>
  setImmediate(() => {
    scope.reason = new GatewayError('SLUICE_ERR_CLIENT_ABORTED')
  })
  await assert.rejects(made, { code: 'SLUICE_ERR_CLIENT_ABORTED' })
  assert.ok(done < 1000, `${done} pieces were done`)
  assert.ok(closed)
})

test('waits for a promise, and throws what it fails with where it was waited for', async () => {
  function* work(): Sliced<string> {
    yield Promise.resolve()
    try {
      yield Promise.reject(new Error('late'))
    } catch (error) {
      return (error as Error).message
    }
    return 'nothing was thrown'
  }
  assert.equal(await runSliced(work(), undefined), 'late')
})

test('a failure behind the first stop rejects', async () => {
  function* work(): Sliced<string> {
    yield* pieces(20)
    throw new Error('broken')
  }
  await assert.rejects(runSliced(work(), undefined) as Promise<string>, /broken/)
})

test('runWhole does all of it; what waits cannot be done so', () => {
  assert.equal(runWhole(pieces(5)), 5)
  function* waiting(): Sliced<void> {
    yield Promise.resolve()
  }
  assert.throws(() => runWhole(waiting()), TypeError)
})
