import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printPipes } from '../../src/pipe/formats.js'
import { PIPE } from './sample.js'

test('each format is asked for by its name; a tree is the default', () => {
  assert.match(printPipes([PIPE]), /^GET \/x {2}aggregate\n├─ cors/)
  assert.deepEqual(JSON.parse(printPipes([PIPE], { json: true })), JSON.parse(JSON.stringify([PIPE])))
  assert.match(printPipes([PIPE], { mermaid: true }), /^flowchart LR\n/)
  assert.match(printPipes([PIPE], { dot: true }), /^digraph pipes \{$/m)
  assert.match(printPipes([PIPE], { html: true }), /^<!doctype html>/)
  assert.match(printPipes([PIPE], { colours: true }), /^\x1b\[1mGET/)
})
