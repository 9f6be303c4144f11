import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLI, folderWith, Watched } from './command.js'

const backend = [{ host: ['http://127.0.0.1:8080'], url_pattern: '/' }]
const config = (extra: object): string =>
  JSON.stringify({
    version: 3,
    endpoints: Array.from({ length: 1_000 }, (_, i) => ({ endpoint: `/e${i}`, colour: 'red', backend, extra_config: extra }))
  })

test('`check` lists the first places of a finding and how many there are; --all lists every one', async t => {
  const folder = await folderWith(t, { 'warns.json': config({}), 'fails.json': config({ 'modifier/jmespath': {} }) })
  for (const [file, code, shortest] of [
    ['warns.json', 0, 24],
    ['fails.json', 1, 46]
  ] as const) {
    const short = new Watched(t, [...CLI, 'check', '-c', `${folder}/${file}`])
    assert.deepEqual(await short.exited, [code, null])
    assert.match(short.text, /\n {2}and 980 more\n/)
    assert.match(short.text, /`sluice check --all`/)
    assert.ok(short.text.split('\n').length <= shortest + 4, short.text)
    const whole = new Watched(t, [...CLI, 'check', '--all', '-c', `${folder}/${file}`])
    assert.deepEqual(await whole.exited, [code, null])
    assert.ok(whole.text.split('\n').length > 1_000)
    assert.doesNotMatch(whole.text, /more$|--all/m)
  }
  const audit = new Watched(t, [...CLI, 'audit', '-c', `${folder}/fails.json`])
  await audit.exited
  assert.ok(audit.text.split('\n').length < 60, audit.text)
})
