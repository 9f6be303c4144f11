import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testPlugin } from 'sluice/plugin/testing'
import * as plugin from './greeting.js'

test('greets by name, and keeps numbers as they were', async () => {
  const body = '{"name":"Ada","id":12345678901234567890}'
  const tested = await testPlugin(plugin, { upstream: { headers: { 'content-type': 'application/json' }, body } })
  try {
    const answer = await tested.request()
    assert.equal(answer.text(), '{"name":"Ada","id":12345678901234567890,"greeting":"Hello, Ada"}')
    assert.equal(tested.calls.length, 1)
  } finally {
    // breaks the exchange off at every stage, on both sides, and fails when something is left behind
    await tested.close()
  }
})

test('leaves others as they are', async () => {
  const tested = await testPlugin(plugin, { upstream: { body: { id: 1 } } })
  try {
    assert.deepEqual((await tested.request()).json(), { id: 1 })
  } finally {
    await tested.close()
  }
})
