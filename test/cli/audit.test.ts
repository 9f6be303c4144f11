/** `sluice audit`. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { CLI, folderWith } from './command.js'

const ROOT = path.dirname(path.dirname(import.meta.dirname))
const CONFIG =
  '{"version":3,"timeout":"9s","endpoints":[{"endpoint":"/a","backend":[{"url_pattern":"/","host":["http://127.0.0.1:81"]}]}]}'

function audit(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...CLI, 'audit', ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1' },
    encoding: 'utf8'
  })
  return { code: status, out: stdout, err: stderr }
}

test('audit prints what is not kept and leaves with 1; with 0 when nothing is left', async t => {
  const folder = await folderWith(t, { 'k.json': CONFIG, ignored: '# known\n1.2.1\n2.*, 3.1.*\n4.*\n5.*\n' })
  const file = `${folder}/k.json`
  const all = audit('-c', file)
  assert.equal(all.code, 1)
  assert.match(all.out, /^1\.2\.1\t\[HIGH\] {3}\t\S.*\n/)
  assert.match(all.out, /\n3\.3\.2\t\[MEDIUM\] {3}\t.*\t.*k\.json:1:14 \/timeout\n/)
  const some = audit(
    '-c',
    file,
    '-I',
    `${folder}/ignored`,
    '-i',
    '3.3.2',
    '-f',
    '{{ range .Recommendations }}{{ .Rule }} {{ end }}'
  )
  assert.deepEqual([some.code, some.out, some.err], [1, '3.3.1 ', ''])
  const none = audit('-c', file, '--ignore-file', `${folder}/ignored`, '--severity', 'critical')
  assert.deepEqual([none.code, none.out, none.err], [0, '', ''])
})

test('audit says what is wrong with its flags and files', async t => {
  const folder = await folderWith(t, { 'k.json': CONFIG, 'bad.json': '{' })
  const file = `${folder}/k.json`
  const severity = audit('-c', file, '-s', 'hihg')
  assert.equal(severity.code, 2)
  assert.match(severity.err, /unknown severity "HIHG", did you mean "HIGH"\?/)
  const rule = audit('-c', file, '-i', '9.9.9')
  assert.match(rule.err, /^WARNING there is no rule 9\.9\.9/)
  const template = audit('-c', file, '-f', '{{ nope }}')
  assert.deepEqual([template.code, template.out], [1, ''])
  assert.match(template.err, /1:4: function "nope" not defined/)
  assert.match(audit('-c', file, '-I', `${folder}/absent`).err, /ERROR accessing the ignore file: .*absent/)
  assert.match(audit('-c', `${folder}/bad.json`).err, /^ERROR parsing the configuration file:\n.*bad\.json:1/)
  assert.equal(audit().code, 2)
})

test('audit takes several files; one that cannot be read does not keep it from the others', async t => {
  const folder = await folderWith(t, { 'a.json': CONFIG, 'b.json': '{', 'c.json': CONFIG })
  const all = audit(...['a', 'b', 'c'].map(name => `${folder}/${name}.json`), '-s', 'MEDIUM')
  assert.equal(all.code, 1)
  for (const name of ['a', 'c']) assert.match(all.out, new RegExp(`${name}\\.json:1:14 /timeout`))
  assert.match(all.err, /b\.json:1/)
  assert.doesNotMatch(all.err, /Ctrl-C/)
  assert.match(audit('-c', `${folder}/a.json`, `${folder}/c.json`).out, /a\.json[\s\S]*c\.json/)
})
