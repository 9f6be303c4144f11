import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testPlugin } from 'sluice/plugin/testing'
import * as plugin from './greeting.js'

test('greets by name', async () => {
  const tested = await testPlugin(plugin, { upstream: { body: { name: 'Ada', id: 12345678901234567890n } } })
  const answer = await tested.request({ path: '/' })
  assert.equal(answer.text(), '{"name":"Ada","id":12345678901234567890,"greeting":"Hello, Ada"}')
  assert.equal(tested.calls.length, 1)
  // breaks the exchange off at every stage, on both sides, and fails when something is left behind
  await tested.close()
})

test('leaves others as they are', async () => {
  const tested = await testPlugin(plugin, { upstream: { body: { id: 1 } } })
  assert.deepEqual((await tested.request()).json(), { id: 1 })
  await tested.close()
})
