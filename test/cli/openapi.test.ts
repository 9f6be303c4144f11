/** `sluice openapi`: what goes where. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { CLI, folderWith } from './command.js'

const ROOT = path.dirname(path.dirname(import.meta.dirname))
const DOCUMENT = `openapi: 3.0.3
info: { title: Pets, version: "1" }
servers: [{ url: "http://127.0.0.1:8081" }]
paths: { /a: { get: { responses: { "200": { description: ok } } }, head: { responses: { "200": { description: ok } } } } }
`

const sluice = (...args: string[]) => spawnSync(process.execPath, [...CLI, 'openapi', ...args], { cwd: ROOT, encoding: 'utf8' })

test('imports a document, checks and exports it again, in JSON and YAML', async t => {
  const folder = await folderWith(t, { 'pets.yaml': DOCUMENT, 'broken.json': '{"openapi":"3.1.0"}' })
  const made = sluice('import', `${folder}/pets.yaml`)
  const config = JSON.parse(made.stdout) as { version: number; endpoints: unknown[] }
  assert.deepEqual([made.status, config.version, config.endpoints.length], [0, 3, 1])
  assert.match(made.stderr, /^WARNING \S+pets\.yaml:4:\d+ \/paths\/~1a\/head: endpoints have no HEAD/)
  assert.match(made.stderr, /1 endpoints?, 1 places? to look at; now run `sluice check -c FILE`/)
  const written = sluice('import', `${folder}/pets.yaml`, '--host', 'http://127.0.0.1:8082', '-o', `${folder}/krakend.yaml`)
  assert.deepEqual([written.status, written.stdout], [0, ''])
  assert.match(readFileSync(`${folder}/krakend.yaml`, 'utf8'), /http:\/\/127\.0\.0\.1:8082\n/)
  const exported = sluice('export', '-c', `${folder}/krakend.yaml`, '-s', 'https://pets.test')
  const document = JSON.parse(exported.stdout) as { servers: unknown; info: { title: string } }
  assert.deepEqual([exported.status, exported.stderr, document.info.title], [0, '', 'Pets'])
  assert.deepEqual(document.servers, [{ url: 'https://pets.test' }])
  assert.equal(sluice('export', '-c', `${folder}/krakend.yaml`, '--out', `${folder}/out.yaml`).status, 0)
  assert.equal((parse(readFileSync(`${folder}/out.yaml`, 'utf8')) as { openapi: string }).openapi, '3.1.1')
  const broken = sluice('import', `${folder}/broken.json`)
  assert.deepEqual([broken.status, broken.stdout], [1, ''])
  assert.match(broken.stderr, /^ERROR in the document:\n\S+broken\.json:1:1: must have[\s\S]*'info'/)
})

test('wrong command lines say what is meant', () => {
  const wrong = (...args: string[]): string => {
    const { status, stderr } = sluice(...args)
    assert.equal(status, 2, args.join(' '))
    return stderr
  }
  assert.match(wrong(), /export or import is expected/)
  assert.match(wrong('exprot'), /did you mean "export"/)
  assert.match(wrong('export'), /--config/)
  assert.match(wrong('export', 'k.json'), /give the configuration with --config k\.json/)
  assert.match(wrong('import'), /give one document: sluice openapi import FILE/)
  assert.match(wrong('import', 'a', '--server', 'x'), /--server does nothing for `sluice openapi import`/)
  assert.match(wrong('export', '-c', 'a', '--host', 'x'), /--host does nothing for `sluice openapi export`/)
})
