import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProcessWatch } from '../../../src/admin/status/process-facts.js'
import { until } from '../../support/waiting.js'

test('memory and delays of the event loop are numbers; a blocked loop shows', async () => {
  const watch = new ProcessWatch()
  const first = watch.facts()
  assert.ok(first.rss_bytes > first.heap_used_bytes && first.heap_used_bytes > 0)
  assert.deepEqual(first.event_loop_delay_ms, { p50: 0, p99: 0, max: 0 })
  await until(() => {
    for (const from = performance.now(); performance.now() - from < 120; );
    return watch.facts().event_loop_delay_ms.max > 50
  }, 'the delay of a blocked event loop')
  watch.close()
})
