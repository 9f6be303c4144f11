import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goDuration } from '../../src/telemetry/go-duration.js'

test('prints durations as Go does', () => {
  const cases: [number, string][] = [
    [0, '0s'],
    [999, '999ns'],
    [1000, '1µs'],
    [1_500_000, '1.5ms'],
    [1e9, '1s'],
    [60_000_000_001, '1m0.000000001s'],
    [90e9, '1m30s'],
    [3600e9, '1h0m0s']
  ]
  for (const [ns, text] of cases) assert.equal(goDuration(ns), text)
})
