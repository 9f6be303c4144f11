import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { LifeSigns } from '../../../src/cli/workers/life-signs.js'
import { pause, until } from '../../support/waiting.js'

interface Asked {
  readonly signs: LifeSigns
  readonly asked: number[]
  readonly lost: number[]
  /** How many each of these had been asked. */
  readonly questions: number[]
}

/** Workers 1 and 2; 2 gives no sign but its first ones. */
function asking(t: TestContext, first = 1): Asked {
  const asked: number[] = []
  const lost: number[] = []
  const questions: number[] = []
  const signs = new LifeSigns({
    workers: () => [1, 2],
    ask: worker => {
      asked.push(worker)
      if (worker === 1 || asked.filter(one => one === 2).length <= first) signs.heard(worker)
    },
    lost: worker => {
      lost.push(worker)
      questions.push(asked.filter(one => one === worker).length)
    },
    everyMs: 1
  })
  t.after(() => signs.end())
  return { signs, asked, lost, questions }
}

test('a worker that gives no sign is lost after ten questions, others are not', async t => {
  const { signs, lost, questions } = asking(t)
  signs.begin()
  await until(() => lost.length > 0, 'the lost worker')
  assert.deepEqual(new Set(lost), new Set([2]))
  assert.equal(questions[0], 11)
})

test('a worker that has given none yet has more questions: it may still load its code', async t => {
  const { signs, lost, questions } = asking(t, 0)
  signs.begin()
  await until(() => lost.length > 0, 'the lost worker')
  assert.deepEqual(new Set(lost), new Set([2]))
  assert.equal(questions[0], 40)
})

test('nothing is asked before and after what is waited for', async t => {
  const { signs, asked } = asking(t)
  assert.deepEqual(asked, [])
  let settle!: (text: string) => void
  const work = signs.during(
    new Promise<string>(resolve => {
      settle = resolve
    })
  )
  await until(() => asked.length > 0, 'a question')
  settle('done')
  assert.equal(await work, 'done')
  const { length } = asked
  await pause(20)
  assert.equal(asked.length, length)
  signs.begin()
})
