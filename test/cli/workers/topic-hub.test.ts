import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { mock, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { TopicHub } from '../../../src/cli/workers/topic-hub.js'
import type { WorkerTopic } from '../../../src/plugin/component.js'
import type { ToHub, ToWorker } from '../../../src/plugin/run/topic-messages.js'
import { WorkerSideTopics } from '../../../src/plugin/run/worker-topics.js'
import { until } from '../../support/waiting.js'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const bytes = (word: string): Buffer => Buffer.from(word)

/** A worker whose messages arrive a turn later, as those of processes do. */
class TestWorker extends EventEmitter {
  readonly id: number
  readonly topics: WorkerSideTopics
  readonly applied: { word: string; ageMs: number }[] = []
  beganMs = -1
  /** Set: messages wait for it. */
  held: Promise<void> | undefined
  dead = false
  private readonly hub: TopicHub

  constructor(id: number, hub: TopicHub) {
    super()
    this.id = id
    this.hub = hub
    this.topics = new WorkerSideTopics({
      send: (message: ToHub) => setImmediate(() => this.dead || hub.heard({ id, send: reply => this.hear(reply) }, message)),
      on: (event, listener) => this.on(event, listener)
    })
  }

  private hear(message: ToWorker): void {
    if (!this.dead) setImmediate(() => this.emit('message', message))
  }

  die(): void {
    this.dead = true
    this.hub.gone(this.id)
  }

  get words(): string {
    return this.applied.map(one => one.word).join(' ')
  }

  join(name = 'topic') {
    const topic: WorkerTopic = {
      begin: ageMs => {
        this.beganMs = ageMs
      },
      apply: async (message, ageMs) => {
        await this.held
        this.applied.push({ word: text(message), ageMs })
      },
      snapshot: async () => bytes(`[${this.words}]`)
    }
    return this.topics.join(name, topic)
  }
}

function open() {
  let now = 1000
  let workers = 0
  const hub = new TopicHub(() => now)
  return { hub, worker: () => new TestWorker(++workers, hub), pass: (ms: number) => (now += ms) }
}

test('what one worker publishes all apply, in one order, before who published it goes on', async () => {
  const { worker } = open()
  const [a, b] = [worker(), worker()]
  const [ofA, ofB] = [await a.join(), await b.join()]
  await Promise.all([ofA.publish(bytes('1')), ofB.publish(bytes('2')), ofA.publish(bytes('3'))])
  assert.equal(a.words, b.words)
  assert.deepEqual(a.words.split(' ').sort(), ['1', '2', '3'])
  await ofB.publish(bytes('4'))
  assert.match(a.words, / 4$/)
})

test('a worker that starts later gets what was published, with its age; topics are apart', async () => {
  const { worker, pass } = open()
  const first = worker()
  const topic = await first.join('revoked 1')
  await topic.publish(bytes('one'))
  pass(50)
  await topic.publish(bytes('two'))
  pass(7)
  const later = worker()
  assert.deepEqual(await later.topics.names('revoked '), ['revoked 1'])
  await later.join('revoked 1')
  assert.deepEqual([first.beganMs, later.beganMs], [0, 57])
  assert.deepEqual(later.applied, [
    { word: 'one', ageMs: 57 },
    { word: 'two', ageMs: 7 }
  ])
  const other = worker()
  await other.join('revoked 2')
  assert.equal(other.words, '')
})

test('what workers knew outlives all of them, but not the topic that the last one left', async () => {
  const { worker } = open()
  const first = worker()
  const topic = await first.join()
  await topic.publish(bytes('kept'))
  first.die()
  const second = worker()
  const again = await second.join()
  assert.equal(second.words, 'kept')
  again.leave()
  const third = worker()
  await third.join()
  assert.equal(third.words, '')
})

test('a worker that dies holds no publisher up; one that hangs is counted after a time', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const { worker } = open()
  const [a, b, c] = [worker(), worker(), worker()]
  const topic = await a.join()
  await b.join()
  await c.join()
  let release = (): void => {}
  b.held = c.held = new Promise(resolve => {
    release = resolve
  })
  const dying = topic.publish(bytes('1'))
  await until(() => a.words === '1', 'the first message')
  b.die()
  c.die()
  await dying
  const slow = worker()
  await slow.join()
  slow.held = new Promise(resolve => {
    release = resolve
  })
  const late = assert.rejects(topic.publish(bytes('2')), /1 worker\(s\) did not take it in time/)
  await until(() => a.words === '1 2', 'the second message')
  for (let turns = 0; turns < 3; turns++) await turn() // what `a` says to the hub arrives
  mock.timers.tick(10_000)
  await late
  release()
  await until(() => slow.words === '1 2', 'the worker that hung')
})

test('many messages are replaced by the snapshot of one worker', async () => {
  const { hub, worker } = open()
  const first = worker()
  const topic = await first.join()
  await topic.publish(bytes('x'.repeat(4 * 1024 * 1024 + 1)))
  await topic.publish(bytes('behind'))
  const kept = async (): Promise<string[]> => {
    const later = worker()
    await later.join()
    later.die()
    return later.applied.map(({ word }) => word.replace(/x+/, 'x'))
  }
  let now = await kept()
  for (let i = 0; i < 100 && now.length === 2 && now[0] === 'x'; i++) now = await kept()
  assert.deepEqual(now, ['[x]', 'behind'])
  hub.gone(first.id)
})

test('a primary that knows no topics is told as such', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const silent = new WorkerSideTopics({ send: () => true, on: () => {} })
  const joining = assert.rejects(silent.names(''), /only that of `sluice run --workers` does/)
  mock.timers.tick(10_000)
  await joining
})
