import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReloadOutcome } from '../../../src/cli/control/reload-requests.js'
import { reloadWorkers, type WorkerHands } from '../../../src/cli/workers/rolling.js'

const fine: ReloadOutcome = { ok: true, lines: ['fine'], staleCode: [], files: ['a.json'] }
const faulty: ReloadOutcome = { ok: false, lines: ['a fault'], staleCode: [], files: ['a.json'] }

/** Hands for two workers that do what they are told, and what was done. */
function handsWith(
  outcomes: Readonly<Record<number, ReloadOutcome | undefined>>,
  starts = true
): { hands: WorkerHands; done: string[] } {
  const done: string[] = []
  const hands: WorkerHands = {
    serving: () => [1, 2],
    async reload(worker) {
      done.push(`reload ${worker}`)
      return outcomes[worker]
    },
    async replace(worker) {
      done.push(`replace ${worker}`)
      return starts
    },
    retire: worker => void done.push(`retire ${worker}`)
  }
  return { hands, done }
}

const asked = { cause: 'command', roll: false } as const

test('all workers reload, the first one first', async () => {
  const { hands, done } = handsWith({ 1: fine, 2: fine })
  assert.deepEqual(await reloadWorkers(hands, asked), fine)
  assert.deepEqual(done, ['reload 1', 'reload 2'])
})

test('what the first one refuses reaches no other', async () => {
  const { hands, done } = handsWith({ 1: faulty })
  assert.deepEqual(await reloadWorkers(hands, asked), faulty)
  assert.deepEqual(done, ['reload 1'])
})

test('a worker that cannot follow the first is replaced', async () => {
  const { hands, done } = handsWith({ 1: fine, 2: faulty })
  const outcome = await reloadWorkers(hands, asked)
  assert.deepEqual([outcome.ok, outcome.lines], [true, ['fine', '1 workers were replaced by new ones']])
  assert.deepEqual(done, ['reload 1', 'reload 2', 'replace 2', 'retire 2'])
})

test('changed code replaces all, each before the next stops', async () => {
  const { hands, done } = handsWith({ 1: { ...faulty, staleCode: ['p.js'] } })
  assert.equal((await reloadWorkers(hands, asked)).ok, true)
  assert.deepEqual(done, ['reload 1', 'replace 1', 'retire 1', 'replace 2', 'retire 2'])
})

test('a new worker that does not start ends the roll, and no old one stops', async () => {
  const { hands, done } = handsWith({}, false)
  const outcome = await reloadWorkers(hands, { cause: 'command', roll: true })
  assert.equal(outcome.ok, false)
  assert.match(outcome.lines.join(), /could not start/)
  assert.deepEqual(done, ['replace 1'])
})
