import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { DescriptorWatch, type Shortage } from '../../src/server/descriptor-watch.js'
import { until } from '../support/waiting.js'

function watched(t: TestContext, hasDescriptor?: () => boolean) {
  const seen: Shortage[] = []
  const counts = { relieved: 0, looks: 0 }
  const watch = new DescriptorWatch({
    everyMs: 1,
    changed: shortage => seen.push(shortage),
    relieve: () => counts.relieved++,
    ...(hasDescriptor && { hasDescriptor: () => ++counts.looks > 0 && hasDescriptor() })
  })
  t.after(() => watch.stop())
  return { seen, counts, watch }
}

test('tells once that no file descriptor is left, asks for room at each look, and tells once that there is one again', async t => {
  let left = true
  const { seen, counts } = watched(t, () => left)
  await until(() => counts.looks > 2, 'the first looks')
  assert.deepEqual([seen, counts.relieved], [[], 0])
  left = false
  await until(() => counts.relieved > 2, 'looks without a descriptor')
  assert.deepEqual(seen, [{ lastedMs: undefined }])
  left = true
  await until(() => seen.length === 2, 'the end of the shortage')
  assert.equal(typeof seen[1]!.lastedMs, 'number')
  left = false
  await until(() => seen.length === 3, 'the next shortage')
  assert.equal(seen[2]!.lastedMs, undefined)
})

test('finds a descriptor in a process that has some, and stops', async t => {
  const { seen, counts, watch } = watched(t)
  await new Promise(resolve => setTimeout(resolve, 10))
  assert.deepEqual([seen, counts.relieved], [[], 0])
  watch.stop()
})
