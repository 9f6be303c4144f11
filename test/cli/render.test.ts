/** `sluice render`, and commands that read a template. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { CLI, folderWith, Watched } from './command.js'

const ROOT = path.dirname(path.dirname(import.meta.dirname))

const TEMPLATE = `{"version":3,"listen_ip":"127.0.0.1","port":{{ .service.port }},"name":"{{ .service.nothing }}","endpoints":[
{{ template "endpoint.tmpl" "/a" }}]}
`
const ENDPOINT = '{"endpoint":{{ marshal . }},"backend":[{"url_pattern":"/","host":["http://127.0.0.1:81"]}]}'

async function service(t: TestContext): Promise<{ file: string; env: NodeJS.ProcessEnv; out: string }> {
  const folder = await folderWith(t, {
    'krakend.tmpl': TEMPLATE,
    'settings/service.json': '{"port":9000}',
    'templates/endpoint.tmpl': ENDPOINT
  })
  const env = { ...process.env, FC_SETTINGS: `${folder}/settings`, FC_TEMPLATES: `${folder}/templates`, NO_COLOR: '1' }
  return { file: `${folder}/krakend.tmpl`, env, out: `${folder}/out.json` }
}

function sluice(args: readonly string[], env: NodeJS.ProcessEnv): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...CLI, ...args], { cwd: ROOT, env, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

const RENDERED = `{"version":3,"listen_ip":"127.0.0.1","port":9000,"name":"<no value>","endpoints":[
${ENDPOINT.replace('{{ marshal . }}', '"/a"')}]}
`

test('render prints the text as it is, without FC_ENABLE, and warnings beside it', async t => {
  const { file, env, out } = await service(t)
  const printed = sluice(['render', '-c', file], { ...env, FC_OUT: out })
  assert.deepEqual([printed.code, printed.out], [0, RENDERED])
  assert.match(printed.err, /^WARNING .*krakend\.tmpl:1:\d+: .*<no value>/)
  assert.equal(existsSync(out), false, 'FC_OUT is left alone')
})

test('render --out writes a file and prints no text', async t => {
  const { file, env, out } = await service(t)
  const written = sluice(['render', '-c', file, '--out', out], env)
  assert.deepEqual([written.code, written.out], [0, ''])
  assert.equal(readFileSync(out, 'utf8'), RENDERED)
})

test('render --out writes through links and into what is no file, and replaces neither', async t => {
  const { file, env, out } = await service(t)
  const link = `${out}.link`
  writeFileSync(out, 'before')
  symlinkSync(out, link)
  assert.equal(sluice(['render', '-c', file, '--out', link], env).code, 0)
  assert.equal(readFileSync(out, 'utf8'), RENDERED)
  assert.ok(lstatSync(link).isSymbolicLink())
  // a link to the device: a render that replaces would replace the link alone
  const full = `${out}.full`
  symlinkSync('/dev/full', full)
  const lost = sluice(['render', '-c', file, '--out', full], env)
  assert.equal(lost.code, 1)
  assert.match(lost.err, /no space left on device/)
})

test('render tells what is wrong, with exit code 1; without a file it is 2', async t => {
  const folder = await folderWith(t, { 'bad.tmpl': 'a\n{{ nope }}' })
  const failed = sluice(['render', '-c', `${folder}/bad.tmpl`], process.env)
  assert.deepEqual([failed.code, failed.out], [1, ''])
  assert.match(failed.err, /bad\.tmpl:2:4: function "nope" not defined/)
  assert.match(sluice(['render', '-c', `${folder}/absent.tmpl`], process.env).err, /absent\.tmpl: no such file or directory/)
  assert.equal(sluice(['render'], process.env).code, 2)
})

test('check, its lint, and pipes read templates', async t => {
  const { file, env, out } = await service(t)
  const enabled = { ...env, FC_ENABLE: '1', FC_OUT: out }
  const checked = sluice(['check', '-c', file], enabled)
  assert.equal(checked.code, 0, checked.err)
  assert.match(checked.err, /^WARNING .*krakend\.tmpl:1:\d+: /)
  assert.equal(readFileSync(out, 'utf8'), RENDERED)
  assert.equal(sluice(['check', '--lint', '-c', file], enabled).code, 1, 'warnings count as errors')
  assert.match(sluice(['pipes', '-c', file], enabled).out, /GET \/a/)
  const refused = sluice(['check', '-c', file], env)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /krakend\.tmpl:1:\d+: this file is a template .*FC_ENABLE=1/)
})

test('run serves a template, with workers too', async t => {
  const { file, env, out } = await service(t)
  const gateway = new Watched(t, [...CLI, 'run', '-c', file, '-p', '0', '--workers', '2'], {
    env: { ...env, FC_ENABLE: '1', FC_OUT: out }
  })
  const [, port] = await gateway.until(/Listening on port: (\d+)[\s\S]*Listening on port/)
  const answer = await fetch(`http://127.0.0.1:${port}/__health`)
  assert.equal(answer.status, 200)
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
})
