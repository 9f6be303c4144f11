import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printPipes } from '../../src/pipe/formats.js'
import { spellHidden } from '../../src/pipe/spell-hidden.js'
import { PIPE } from './sample.js'

test('what turns the direction of a line is spelled, letters of any direction stay', () => {
  assert.equal(spellHidden('a\u202eb\u2066\u200bc\ufeff'), 'a\\u202eb\\u2066\\u200bc\\ufeff')
  assert.equal(spellHidden('/עברית/ü/\u{1f600}'), '/עברית/ü/\u{1f600}')
})

test('in each form of a pipe for people', () => {
  const pipe = { ...PIPE, path: '/\u202etxt.exe' }
  for (const format of [{}, { mermaid: true }, { dot: true }, { html: true }]) {
    const text = printPipes([pipe], format)
    assert.ok(!text.includes('\u202e') && text.includes('u202etxt.exe'), JSON.stringify(format))
  }
  assert.equal(JSON.parse(printPipes([pipe], { json: true }))[0].path, pipe.path)
})
