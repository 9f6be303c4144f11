/** Turns of scripts, with a clock and an event loop of the test's own. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Slices } from '../../../../../plugins/modifier/lua/engine/slices.js'
import { FakeLoop } from './fake-loop.js'

/** Computes for so many ms in each of its turns, and notes when. */
async function script(slices: Slices, loop: FakeLoop, each: readonly number[], note: (from: number, to: number) => void) {
  let first = false
  for (const ms of each) {
    await slices.ownTurn(first)
    const from = loop.ms
    loop.ms += ms
    slices.spend(ms)
    note(from, loop.ms)
    first = true
  }
}

describe('turns of scripts', () => {
  it('are one at a time, with as much time for others between them as each took, and at most 20 ms', async () => {
    const loop = new FakeLoop()
    const slices = new Slices(loop)
    const took: [name: string, from: number, to: number][] = []
    const scripts = [
      script(slices, loop, [5, 5], (from, to) => took.push(['a', from, to])),
      script(slices, loop, [30], (from, to) => took.push(['b', from, to])),
      script(slices, loop, [5], (from, to) => took.push(['c', from, to]))
    ]
    for (let i = 0; i < 40 && took.length < 4; i++) await loop.turn()
    await Promise.all(scripts)
    assert.deepEqual(took, [
      ['a', 1000, 1005],
      ['a', 1010, 1015],
      ['b', 1020, 1050],
      ['c', 1070, 1075]
    ])
  })

  it('come in order: those that go on, then those that begin', async () => {
    const loop = new FakeLoop()
    const slices = new Slices(loop)
    const order: string[] = []
    for (const name of ['begins 1', 'begins 2']) void slices.ownTurn().then(() => order.push(name))
    for (const name of ['goes on 1', 'goes on 2']) void slices.ownTurn(true).then(() => order.push(name))
    for (let i = 0; i < 6; i++) await loop.turn()
    assert.deepEqual(order, ['goes on 1', 'goes on 2', 'begins 1', 'begins 2'])
  })

  it('do not wait where nothing was computed', async () => {
    const loop = new FakeLoop()
    const slices = new Slices(loop)
    let turns = 0
    for (let i = 0; i < 50; i++) {
      let came = false
      void slices.ownTurn().then(() => {
        came = true
      })
      while (!came) {
        await loop.turn()
        turns++
      }
      slices.spend(0.5)
    }
    assert.ok(turns <= 100, `${turns} turns`)
    assert.equal(loop.ms, 1000)
  })

  it('rest where short scripts used the turn up together', async () => {
    const loop = new FakeLoop()
    const slices = new Slices(loop)
    for (let i = 0; i < 4; i++) slices.spend(1)
    let at = 0
    void slices.ownTurn().then(() => {
      at = loop.ms
    })
    for (let i = 0; i < 4; i++) await loop.turn()
    assert.equal(at, 1004)
  })

  it('count what is spent until the turn ends', async () => {
    const loop = new FakeLoop()
    const slices = new Slices(loop)
    slices.spend(1)
    slices.spend(3)
    assert.equal(slices.spentThisTurn, 4)
    await loop.turn()
    assert.equal(slices.spentThisTurn, 0)
  })
})
