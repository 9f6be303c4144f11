/** What a finding about an absent namespace says to do. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOnlyWatching } from '../../src/config/instead.js'
import { ENTERPRISE_NAMESPACES } from '../../src/config/namespaces.js'
import { loadComponents } from '../../src/plugin/load/shipped.js'
import { findingsOf, load } from './support.js'

/** Namespaces that components read. */
const READ: ReadonlySet<string> = new Set((await loadComponents()).registry.keys())

const warnings = (extra_config: object) => load({ extra_config }).problems.map(p => `${p.level}: ${p.message} (${p.suggestion})`)

test('every Enterprise namespace that is refused says what to use in its place, and how to go on without', () => {
  for (const namespace of ENTERPRISE_NAMESPACES) {
    if (isOnlyWatching(namespace) || READ.has(namespace)) continue
    const [finding] = findingsOf(() => load({ extra_config: { [namespace]: {} } }))
    assert.match(finding?.suggestion ?? '', /.{10,}; or remove it, or start with --tolerant to /, namespace)
  }
})

test('what only watches or describes never stops a start, and says what is not sent', () => {
  for (const namespace of ['telemetry/moesif', 'telemetry/newrelic'])
    assert.match(warnings({ [namespace]: {} })[0] ?? '', /^warning: .*is left out \(nothing is sent to /, namespace)
  assert.match(warnings({ 'documentation/postman': {} })[0] ?? '', /^warning: .*\(KrakenD Enterprise\), it is left out/)
})

test('a block that only watches and is no object is left out with a warning, as in KrakenD', () => {
  for (const value of [null, 'stdout', 7, []]) {
    const config = load({ extra_config: { 'telemetry/logging': value } })
    assert.deepEqual(
      config.problems.map(p => [p.level, p.pointer, p.suggestion]),
      [['warning', '/extra_config/telemetry~1logging', 'give its options, or remove it']]
    )
    assert.deepEqual(Object.keys(config.extra), [])
  }
})

test('the other spelling of a long name is told', () => {
  assert.match(warnings({ 'github.com/devopsfaith/krakend-gologging': {} })[0] ?? '', /\(did you mean `telemetry\/logging`\?\)/)
})

test('a format of the access log that only Enterprise has is a warning, and the default is used', () => {
  for (const format of ['custom', 'httpdCommon', 'httpdCombined']) {
    const config = load({ extra_config: { 'telemetry/logging': { level: 'INFO', access_log_format: format } } })
    assert.match(config.problems[0]?.message ?? '', new RegExp(`'${format}' is of KrakenD Enterprise`))
    assert.deepEqual({ ...(config.extra['telemetry/logging'] as object) }, { level: 'INFO' })
  }
  const [finding] = findingsOf(() => load({ extra_config: { 'telemetry/logging': { level: 'INFO', access_log_format: 'jsn' } } }))
  assert.equal(finding?.suggestion, 'did you mean `json`?')
})
