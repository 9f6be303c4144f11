import assert from 'node:assert/strict'
import { test } from 'node:test'
import { offerMetrics } from '../../../../src/plugin/wasm/go-host/go-metrics.js'
import type { GoModuleState } from '../../../../src/plugin/wasm/go-host/go-module.js'
import type { GuestServices } from '../../../../src/plugin/wasm/guest-services.js'
import type { ComponentMetric } from '../../../../src/telemetry/observer.js'

test('the numbers of a module are read when they are shown', () => {
  const offered: ComponentMetric[] = []
  const state = {
    file: 'x.so.wasm',
    counts: { toGo: 1, fromGo: 2, requests: 7, errors: 8, busyMs: 9 },
    restarts: 3,
    memoryBytes: 4,
    openExchanges: 5,
    goroutines: 6,
    openHandles: 11
  }
  offerMetrics(
    state as GoModuleState,
    { offerMetric: (metric: ComponentMetric) => offered.push(metric) } as unknown as GuestServices
  )
  state.counts.toGo = 10
  const shown = offered.map(({ name, type, labels, read }) => `${name} ${type} ${labels.join(' ')} ${read()}`)
  assert.deepEqual(shown, [
    'sluice_go_plugin_copied_bytes_total counter file,x.so.wasm direction,in 10',
    'sluice_go_plugin_copied_bytes_total counter file,x.so.wasm direction,out 2',
    'sluice_go_plugin_requests_total counter file,x.so.wasm 7',
    'sluice_go_plugin_errors_total counter file,x.so.wasm 8',
    'sluice_go_plugin_busy_seconds_total counter file,x.so.wasm 0.009',
    'sluice_go_plugin_restarts_total counter file,x.so.wasm 3',
    'sluice_go_plugin_memory_bytes gauge file,x.so.wasm 4',
    'sluice_go_plugin_open_exchanges gauge file,x.so.wasm 5',
    'sluice_go_plugin_open_handles gauge file,x.so.wasm 11',
    'sluice_go_plugin_goroutines gauge file,x.so.wasm 6'
  ])
})
