import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Deadline, TimerWheel } from '../../src/telemetry/timer-wheel.js'
import { LIMIT_MS, within } from '../support/waiting.js'

class Probe extends Deadline {
  firedAt = -1
  times = 0
  constructor(readonly then?: () => void) {
    super()
  }
  fire(): void {
    this.firedAt = performance.now()
    this.times++
    this.then?.()
  }
}

/** The wheel does not keep the process alive; the wait does. */
async function fired(wheel: TimerWheel, schedule: (done: () => void) => void): Promise<void> {
  await within('the deadline', new Promise<void>(schedule))
  assert.ok(wheel.size >= 0)
}

test('fires each deadline once and never early', async () => {
  const wheel = new TimerWheel()
  const delays = [0, -5, 1, 19, 20, 21, 40, 77, 130]
  const start = performance.now()
  let open = delays.length
  const probes: Probe[] = []
  await fired(wheel, done => {
    for (const ms of delays) {
      const probe = new Probe(() => {
        if (--open === 0) done()
      })
      probes.push(probe)
      wheel.schedule(probe, ms)
      assert.equal(probe.scheduled, true)
    }
    assert.equal(wheel.size, delays.length)
  })
  probes.forEach((probe, i) => {
    assert.equal(probe.times, 1)
    assert.ok(probe.firedAt - start >= delays[i]!, `${delays[i]} ms fired after ${probe.firedAt - start} ms`)
    assert.equal(probe.scheduled, false)
  })
  assert.equal(wheel.size, 0)
})

test('a cancelled deadline does not fire, a moved one fires at its last time', async () => {
  const wheel = new TimerWheel()
  const cancelled = new Probe()
  const moved = new Probe()
  wheel.schedule(cancelled, 5)
  wheel.cancel(cancelled)
  wheel.cancel(cancelled)
  wheel.schedule(moved, 5)
  const start = performance.now()
  wheel.schedule(moved, 90)
  assert.equal(wheel.size, 1)
  await fired(wheel, done => wheel.schedule(new Probe(done), 140))
  assert.equal(cancelled.times, 0)
  assert.equal(moved.times, 1)
  assert.ok(moved.firedAt - start >= 90)
})

test('never fires what is infinite or not a number, and takes it out when it was scheduled', () => {
  const wheel = new TimerWheel()
  const probe = new Probe()
  wheel.schedule(probe, Number.NaN)
  assert.equal(wheel.size, 0)
  wheel.schedule(probe, 5)
  wheel.schedule(probe, Infinity)
  assert.equal(wheel.size, 0)
  assert.equal(probe.scheduled, false)
})

test('a deadline days away stays while its slot is passed', async () => {
  const wheel = new TimerWheel()
  const far = new Probe()
  // A whole number of revolutions away: the same slot as a deadline of 40 ms.
  wheel.schedule(far, 1024 * 20 * 10_000 + 40)
  await fired(wheel, done => wheel.schedule(new Probe(done), 80))
  assert.equal(far.times, 0)
  assert.equal(wheel.size, 1)
  wheel.cancel(far)
  assert.equal(wheel.size, 0)
})

test('a deadline that fires may cancel and schedule others, itself included', async () => {
  const wheel = new TimerWheel()
  const victim = new Probe()
  await fired(wheel, done => {
    const again: Probe = new Probe(() => {
      wheel.cancel(victim)
      if (again.times < 3) wheel.schedule(again, 0)
      else done()
    })
    wheel.schedule(again, 1)
    wheel.schedule(victim, 1)
  })
  assert.equal(victim.times, 0)
  assert.equal(wheel.size, 0)
})

test('keeps its clock within its turn and starts again after a rest', async () => {
  const wheel = new TimerWheel()
  assert.ok(wheel.now() > 0)
  await fired(wheel, done => wheel.schedule(new Probe(done), 1))
  const before = performance.now()
  await fired(wheel, done => wheel.schedule(new Probe(done), 30))
  assert.ok(performance.now() - before >= 30)
  wheel.schedule(new Probe(), 1000)
  assert.ok(wheel.now() <= performance.now())
})

test('a throw is an uncaught exception and does not hold up the deadlines after it', async () => {
  const script = `
    import { Deadline, TimerWheel } from ${JSON.stringify(new URL('../../src/telemetry/timer-wheel.ts', import.meta.url).href)}
    class Thrower extends Deadline { fire() { throw new Error('broken deadline') } }
    class Last extends Deadline { fire() { console.log('last fired') } }
    const wheel = new TimerWheel()
    process.on('uncaughtException', error => console.log(error.message))
    wheel.schedule(new Thrower(), 1)
    wheel.schedule(new Last(), 1)
    setTimeout(() => {}, 200)`
  const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: root,
    timeout: LIMIT_MS
  })
  assert.match(stdout, /last fired/)
  assert.match(stdout, /broken deadline/)
})

test('a scheduled deadline does not keep the process alive, not even after the wheel has turned', () => {
  const script = `
    import { Deadline, TimerWheel } from ${JSON.stringify(new URL('../../src/telemetry/timer-wheel.ts', import.meta.url).href)}
    class Quiet extends Deadline { fire() {} }
    const wheel = new TimerWheel()
    wheel.schedule(new Quiet(), 1)
    setTimeout(() => { wheel.schedule(new Quiet(), 3_600_000); console.log('scheduled') }, 100)`
  const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: root,
    timeout: LIMIT_MS
  })
  assert.equal(child.status, 0)
  assert.match(child.stdout, /scheduled/)
})

const root = fileURLToPath(new URL('../..', import.meta.url))
