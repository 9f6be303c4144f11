/** What can go wrong between a primary and its workers must not end the primary. */

import assert from 'node:assert/strict'
import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { forkWorker, tell } from '../../../src/cli/workers/worker-process.js'
import { once, within } from '../../support/waiting.js'
import { folderWith } from '../command.js'

/** Holds the event loop up until the process has died, so that node:cluster cannot know it. */
function awaitDeath(pid: number): void {
  const end = performance.now() + 60_000
  const isDead = (): boolean => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.startsWith('Z')
    } catch {
      return performance.now() > end - 59_000
    }
  }
  while (!isDead()) assert.ok(performance.now() < end, 'waited for the end of a process that was killed')
}

test('a message to a worker that has just died is lost, and ends nothing', async t => {
  const folder = await folderWith(t, { 'worker.mjs': 'setInterval(() => {}, 1000)' })
  cluster.setupPrimary({ exec: `${folder}/worker.mjs`, args: [], execArgv: [], serialization: 'advanced' })
  for (let i = 0; i < 3; i++) {
    const worker = forkWorker(
      1,
      () => assert.fail('it was started'),
      () => false
    )
    await once(worker, 'online')
    const gone = new Promise(resolve => worker.once('exit', (...how) => resolve(how)))
    worker.process.kill('SIGKILL')
    awaitDeath(worker.process.pid!)
    assert.ok(worker.isConnected())
    tell(worker, { kind: 'memory' })
    assert.deepEqual(await within('the exit', gone), [null, 'SIGKILL'])
    tell(worker, { kind: 'memory' })
  }
})

test('a worker of which no process could be made is told', async t => {
  const folder = await folderWith(t, { 'worker.mjs': '' })
  cluster.setupPrimary({ exec: `${folder}/worker.mjs`, args: [], execArgv: [], cwd: `${folder}/none` })
  t.after(() => cluster.setupPrimary({ cwd: folder }))
  const failed = new Promise(resolve => {
    const worker = forkWorker(
      1,
      it => resolve(it === worker),
      () => false
    )
    tell(worker, { kind: 'memory' })
  })
  assert.equal(await within('the failure', failed), true)
})
