/** GOFLAGS as authors have them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasOverlay, linkerFlags, readGoFlags, writeGoFlags } from '../../../src/cli/plugin-build/go-flags.js'

test('flags that go with WebAssembly are kept, in quotes where they have spaces', () => {
  const text = `-mod=vendor -race '-ldflags=-s -X main.v=1' --buildmode=plugin -json\t"-gcflags=all=-N -l" -n -coverpkg=./...`
  const flags = readGoFlags(text)
  assert.deepEqual(flags, ['-mod=vendor', '-ldflags=-s -X main.v=1', '-gcflags=all=-N -l'])
  assert.deepEqual(readGoFlags(writeGoFlags(flags)), flags)
  assert.equal(linkerFlags(flags), '-s -X main.v=1')
  assert.deepEqual(readGoFlags('-tags=net,nomsgpack -nosplit'), ['-tags=net,nomsgpack', '-nosplit'])
})

test('without flags the text is not empty, since Go would take those that it has kept', () => {
  assert.equal(writeGoFlags([]), ' ')
  assert.deepEqual(readGoFlags(' \n'), [])
  assert.equal(linkerFlags(['-ldflags=all=-s']), '')
})

test('an overlay is seen', () => {
  assert.equal(hasOverlay(['-overlay=x.json']), true)
  assert.equal(hasOverlay(['-overlays=x']), false)
})
