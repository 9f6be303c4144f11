import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FilterForm, inSlices, SlidingFilter } from '../../../../plugins/auth/revoker/sliding-filter.js'

const FORM: FilterForm = { n: 1000, p: 0.001, hash: 'optimal' }
const elements = (count: number, name: string): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.from(`${name}-${i}`))
const found = async (filter: SlidingFilter, list: readonly Buffer[]): Promise<number> =>
  (await inSlices(list, one => filter.has(one))).filter(Boolean).length

for (const hash of ['optimal', 'default'] as const) {
  test(`${hash}: finds all that was added, and of others no more than P says`, async () => {
    const filter = new SlidingFilter({ ...FORM, hash })
    await filter.addAll(elements(1000, 'jti'))
    assert.equal(await found(filter, elements(1000, 'jti')), 1000)
    assert.ok((await found(filter, elements(10_000, 'sub'))) < 40)
  })
}

test('an element is found for two turns after the one it came in, and no longer', async () => {
  const filter = new SlidingFilter(FORM)
  const one = Buffer.from('jti-1')
  await filter.addAll([one])
  const life = [filter.has(one)]
  for (let turn = 0; turn < 3; turn++) {
    filter.turn()
    life.push(filter.has(one))
  }
  assert.deepEqual(life, [true, true, true, false])
  assert.equal(filter.fill, 0)
})

test('unites with what another filter holds, which then lives as long as there', async () => {
  const filter = new SlidingFilter(FORM)
  const other = new SlidingFilter(FORM)
  await filter.addAll(elements(10, 'mine'))
  await other.addAll(elements(10, 'theirs'))
  other.turn()
  await filter.unite(other.bits)
  assert.equal(await found(filter, [...elements(10, 'mine'), ...elements(10, 'theirs')]), 20)
  filter.turn()
  assert.equal(await found(filter, elements(10, 'theirs')), 10)
  filter.turn()
  assert.equal(await found(filter, elements(10, 'theirs')), 0)
  assert.equal(await found(filter, elements(10, 'mine')), 10)
})

test('knows how full it is, whichever way bits came in', async () => {
  const filter = new SlidingFilter(FORM)
  const other = new SlidingFilter(FORM)
  await filter.addAll(elements(300, 'a'))
  await other.addAll(elements(300, 'b'))
  await other.addAll(elements(300, 'a'))
  await filter.unite(other.bits)
  const { current, next, previous } = filter.bits
  const ones = [current, next, previous].map(bits =>
    bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  )
  assert.equal(filter.fill, ones.reduce((sum, count) => sum + count / filter.size.m, 0) / 3)
  assert.ok(filter.fill > 0)
})

test('a turn between two slices of a union moves its elements on', async () => {
  const large: FilterForm = { n: 500_000, p: 0.001, hash: 'optimal' }
  const filter = new SlidingFilter(large)
  const other = new SlidingFilter(large)
  await other.addAll(elements(100, 'x'))
  const united = filter.unite(other.bits)
  filter.turn()
  await united
  assert.equal(await found(filter, elements(100, 'x')), 100)
  filter.turn()
  assert.equal(await found(filter, elements(100, 'x')), 100)
  filter.turn()
  assert.equal(await found(filter, elements(100, 'x')), 0)
})

test('other work goes on while many elements are added', async () => {
  const filter = new SlidingFilter(FORM)
  let turns = 0
  const added = filter.addAll(elements(5000, 'a')).then(() => turns)
  const count = (): void => {
    turns++
    if (turns < 1000) setImmediate(count)
  }
  setImmediate(count)
  assert.ok((await added) >= 8)
})
