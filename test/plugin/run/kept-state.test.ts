import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfigObject } from '../../../src/config/load.js'
import { defineComponent } from '../../../src/plugin/component.js'
import { createPluginHost, type PluginHost } from '../../../src/plugin/run/host.js'
import { KeptState } from '../../../src/plugin/run/kept-state.js'
import { silentLogger } from '../../../src/telemetry/logger.js'

class Counter {
  count = 0
  closed = false

  close(): void {
    this.closed = true
  }
}

test('what is kept is opened once and closed with the last lease', async () => {
  const kept = new KeptState()
  const first = kept.lease('a', () => new Counter())
  const second = kept.lease('a', () => new Counter())
  const other = kept.lease('b', () => new Counter())
  assert.equal(first.value, second.value)
  assert.notEqual(first.value, other.value)
  await first.release()
  assert.equal(first.value.closed, false)
  await second.release()
  assert.equal(first.value.closed, true)
  assert.equal(other.value.closed, false)
  assert.notEqual(kept.lease('a', () => new Counter()).value, first.value)
})

test('what cannot be opened is tried again', () => {
  const kept = new KeptState()
  const fails = (): Counter => {
    throw new Error('no memory')
  }
  assert.throws(() => kept.lease('a', fails), /no memory/)
  assert.equal(kept.lease('a', () => new Counter()).value.closed, false)
})

/** A generation of a configuration with one component that counts itself. */
async function generation(kept: KeptState | undefined, counters: Counter[]): Promise<PluginHost> {
  const counting = defineComponent({
    namespace: 'test/counting',
    scopes: ['service'],
    slots: {},
    schema: {},
    compile(_options, context) {
      const counter = context.keep('test/counting', () => new Counter())
      counter.count++
      counters.push(counter)
      return undefined
    }
  })
  const components = new Map([[counting.namespace, counting]])
  const load = { tolerant: false, env: {}, debug: false, namespaces: [{ ...counting }], encodings: new Set<string>() }
  const loaded = readConfigObject({ version: 3, endpoints: [], extra_config: { 'test/counting': {} } }, load)
  return createPluginHost({
    config: loaded.conclude(),
    modules: [],
    components: components as never,
    logger: silentLogger,
    signal: new AbortController().signal,
    tolerant: false,
    ...(kept === undefined ? {} : { kept })
  })
}

test('generations hand on what they keep; gateways of their own do not', async () => {
  const kept = new KeptState()
  const counters: Counter[] = []
  const old = await generation(kept, counters)
  const young = await generation(kept, counters)
  const other = await generation(undefined, counters)
  assert.equal(counters[0], counters[1])
  assert.equal(counters[1]!.count, 2)
  assert.equal(counters[2]!.count, 1)
  await old.close()
  assert.equal(counters[0]!.closed, false)
  await young.close()
  assert.equal(counters[0]!.closed, true)
  await other.close()
})
