/** Templates as configurations: what `loadConfigFile` and `lintConfig` make of them, and where findings point. */

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { lintConfig } from '../../src/config/lint.js'
import type { ServiceConfig } from '../../src/config/types.js'
import { ConfigError, formatProblem } from '../../src/errors.js'
import { loadConfigFile } from '../support/load-config.js'
import { folderOf } from './support.js'

const ENDPOINT = '{"endpoint":"/{{ .path }}","backend":[{"url_pattern":"/x","host":["http://h"]}]}'

interface Started {
  readonly folder: string
  readonly config: ServiceConfig | undefined
  /** Problems without the folder in front of each file. */
  readonly problems: readonly string[]
}

/** Loads `krakend.tmpl` with the folders that are among the files. */
async function start(
  files: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
  options: { entry?: string; tolerant?: boolean } = {}
): Promise<Started> {
  const folder = folderOf(files)
  const inFolder = (name: string): string => path.join(folder, name)
  const variables: NodeJS.ProcessEnv = { FC_ENABLE: '1', FC_PARTIALS: folder, ...env }
  for (const name of ['settings', 'templates'])
    if (Object.keys(files).some(file => file.startsWith(`${name}/`))) variables[`FC_${name.toUpperCase()}`] = inFolder(name)
  if (variables.FC_OUT !== undefined) variables.FC_OUT = inFolder(variables.FC_OUT)
  const { entry = 'krakend.tmpl', tolerant = false } = options
  const said = (problems: ServiceConfig['problems']): string[] =>
    problems.map(one => `${one.level} ${formatProblem(one)}`.replaceAll(`${folder}/`, ''))
  try {
    const config = await loadConfigFile(inFolder(entry), { namespaces: [], env: variables, tolerant })
    return { folder, config, problems: said(config.problems) }
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return { folder, config: undefined, problems: said(error.problems) }
  }
}

describe('a template as configuration', () => {
  it('is rendered before it is read', async () => {
    const { config, problems } = await start({
      'krakend.tmpl': `{"version":3,"port":{{ .service.port }},"endpoints":[{{ range $i, $e := .service.list }}{{ if $i }},{{ end }}{{ template "one.tmpl" $e }}{{ end }}]}`,
      'settings/service.json': '{"port":9000,"list":[{"path":"a"},{"path":"b"}]}',
      'templates/one.tmpl': ENDPOINT
    })
    assert.deepEqual(problems, [])
    assert.equal(config?.port, 9000)
    assert.deepEqual(
      config?.endpoints.map(one => one.path),
      ['/a', '/b']
    )
  })

  it('is read as it is without FC_ENABLE', async () => {
    const files = { 'krakend.tmpl': '{"version":3,"name":"{{ .x }}"}', 'krakend.json': '{"version":3,"name":"{{ .x }}"}' }
    const { config, folder, problems } = await start(files, { FC_ENABLE: '', FC_OUT: 'out.json' })
    assert.equal(config?.name, '{{ .x }}')
    assert.match(problems.join(), /^warning krakend\.tmpl:1:1: this file is a template .*FC_ENABLE=1/)
    assert.equal(existsSync(path.join(folder, 'out.json')), false)
    assert.deepEqual((await start(files, { FC_ENABLE: '' }, { entry: 'krakend.json' })).problems, [])
  })

  it('leaves KRAKEND_ variables the last word, and sees variables by env', async () => {
    const { config } = await start(
      { 'krakend.tmpl': '{"version":3,"port":{{ env "PORT_A" }},"name":"{{ env "PORT_A" }}"}' },
      { PORT_A: '7001', KRAKEND_PORT: '7002' }
    )
    assert.equal(config?.port, 7002)
    assert.equal(config?.name, '7001')
  })

  it('has the format of FC_OUT, else JSON', async () => {
    const yaml = { 'krakend.yaml': 'version: 3\nname: {{ "y" }}\n', 'krakend.tmpl': 'version = 3\nname = "{{ "t" }}"\n' }
    const written = await start(yaml, { FC_OUT: 'out.yml' }, { entry: 'krakend.yaml' })
    assert.equal(written.config?.name, 'y')
    assert.equal(readFileSync(path.join(written.folder, 'out.yml'), 'utf8'), 'version: 3\nname: y\n')
    assert.equal((await start(yaml, { FC_OUT: 'out.toml' })).config?.name, 't')
    const { problems } = await start(yaml, {}, { entry: 'krakend.yaml' })
    assert.match(problems.join(), /^error krakend\.yaml:1:1: .*FC_OUT with the extension \.yaml makes the rendered text YAML/)
  })

  it('shows findings in the template that wrote the text', async () => {
    const { problems } = await start({
      'krakend.tmpl': '{"version":3,\n "imput": 1,\n "endpoints":[\n{{ template "one.tmpl" . }}]}',
      'templates/one.tmpl': '{"endpoint":"/a",\n   "backend":[{"host":["http://h"],\n     "url_pattern":"/{id}"}]}'
    })
    assert.equal(problems.length, 2)
    assert.match(problems[0]!, /^error templates\/one\.tmpl:3:6 \/endpoints\/0\/backend\/0\/url_pattern: undefined output param/)
    assert.match(problems[1]!, /^warning krakend\.tmpl:2:2 \/imput: unknown key/)
  })

  it('shows faults of the rendered text there too, in each format', async () => {
    for (const [out, text, place] of [
      ['', '{"version":3,\n "name": {{ .none }}}', '2:10'],
      ['', '{"version":3\n{{ "x" }} }', '2:1'],
      ['o.yaml', 'version: 3\nname: "{{ "x" }}\nport: 1\n', String.raw`\d:\d`],
      ['o.toml', 'version = 3\nname = {{ .none }}\n', '2:8']
    ]) {
      const { problems } = await start({ 'krakend.tmpl': text! }, out === '' ? {} : { FC_OUT: out })
      assert.match(
        problems[0]!,
        new RegExp(String.raw`^error krakend\.tmpl:${place}: .*sluice render -c .*prints what is read`),
        out
      )
    }
  })

  it('warns where <no value> is printed, beside all other findings', async () => {
    const text = '{"version":3,\n "name":"{{ .none }}",\n "bogus":1}'
    const { config, problems } = await start({ 'krakend.tmpl': text })
    assert.equal(config?.name, '<no value>')
    assert.match(problems[0]!, /^warning krakend\.tmpl:2:10: .*<no value>/)
    assert.match(problems[1]!, /^warning krakend\.tmpl:3:2 \/bogus/)
    const broken = await start({ 'krakend.tmpl': '{"version":3,\n "port":{{ .none }}}' })
    assert.match(broken.problems.join('\n'), /^error krakend\.tmpl:2:\d+: .*\nwarning krakend\.tmpl:2:9: /)
  })

  it('tells of a host that a template left empty', async () => {
    const text = '{"version":3,"endpoints":[{"endpoint":"/a","backend":[{"url_pattern":"/","host":["http://{{ .none }}"]}]}]}'
    const { problems } = await start({ 'krakend.tmpl': text })
    assert.match(
      problems.join('\n'),
      /^error krakend\.tmpl:1:\d+ \/endpoints\/0\/backend\/0\/host: .*<no value>.*settings have no value/
    )
  })

  it('never starts with faults of templates, not even tolerantly', async () => {
    for (const action of [
      '{{ nope }}',
      '{{ if }}{{ end }}',
      '{{ fail "no" }}',
      '{{ include "absent" }}',
      '{{ template "absent" }}'
    ]) {
      // As it stands, each of these is well-formed JSON, with which KrakenD starts.
      const text = `{"version":3,"name":"${action.replaceAll('"', '`')}"}`
      const { config, problems } = await start({ 'krakend.tmpl': text }, {}, { tolerant: true })
      assert.equal(config, undefined, action)
      assert.match(problems.join(), /^error krakend\.tmpl:1:2\d: /, action)
    }
  })

  it('ends with a message when templates call each other without end, or nest deeply', async () => {
    const endless =
      '{{ define "a" }}{{ template "b" . }}{{ end }}{{ define "b" }}{{ template "a" . }}{{ end }}{{ template "a" . }}'
    assert.match((await start({ 'krakend.tmpl': endless })).problems.join(), /^error krakend\.tmpl:1:\d+: .*levels deep/)
    const deep = `${'{{ if true }}'.repeat(20_000)}${'{{ end }}'.repeat(20_000)}`
    assert.match((await start({ 'krakend.tmpl': deep })).problems.join(), /^error krakend\.tmpl/)
    const levels = Array.from({ length: 200 }, (_, i) => `{{ define "t${i}" }}{{ template "t${i + 1}" . }}{{ end }}`).join('')
    const { problems } = await start({
      'krakend.tmpl': `${levels}{{ define "t200" }}{{ fail "down here" }}{{ end }}{{ template "t0" . }}`
    })
    assert.match(problems.join(), /^error krakend\.tmpl:1:\d+: .*down here/)
  })

  it('is checked by the schema as rendered', async () => {
    const folder = folderOf({ 'krakend.tmpl': '{"version":3,\n "port":{{ env "P" }},\n "name":{{ env "N" }} }' })
    const lint = (env: NodeJS.ProcessEnv) => lintConfig(path.join(folder, 'krakend.tmpl'), { env: { FC_ENABLE: '1', ...env } })
    assert.deepEqual(await lint({ P: '1', N: '"n"' }), [])
    const [problem, ...others] = await lint({ P: '1', N: '5' })
    assert.deepEqual([problem?.pointer, problem?.line, problem?.column, others], ['/name', 3, 2, []])
  })
})

describe('a template without FC_ENABLE', () => {
  const refused = async (name: string, text: string): Promise<string> =>
    (await start({ [name]: text }, { FC_ENABLE: '' }, { entry: name })).problems.join()

  it('is told from a fault of JSON, YAML or TOML', async () => {
    for (const [name, text] of [
      ['a.tmpl', '{"version":3,"port":{{ .port }}}'],
      ['a.json', '{"version":3,"port":{{ .port }}}'],
      ['a.json', '{"version":3,"name":"{{ index .s "name" }}"}'],
      ['a.json', '{{/* the service */}}\n{"version":3}'],
      ['a.json', '{"endpoints":[{{ range .list }}{"endpoint":"{{ . }}"}{{ end }}]}'],
      ['a.json', '{"endpoints":[{"endpoint":"/a"}{{ template "x" }}]}'],
      ['a.toml', 'version = 3\nport = {{ .port }}\n'],
      ['a.yaml', 'version: 3\n{{ range .list }}\n- {{ . }}\n']
    ] as const) {
      const text2 = await refused(name, text)
      assert.match(text2, /^error a\.\w+:\d+:\d+: this file is a template .*FC_ENABLE=1.*sluice render -c/, `${name} ${text}`)
    }
  })

  it('is not seen in a fault beside an action, or in a file without one', async () => {
    assert.match(await refused('a.json', '{"version":3,\n"name":"{{ .x }}"\n"port":1}'), /^error a\.json:3:1: a comma is missing/)
    assert.match(await refused('a.tmpl', '{"version":3,}'), /^error a\.tmpl:1:14: a trailing comma/)
    assert.match(await refused('a.json', '{"a":{"b":{"c":1}}} }}'), /^error a\.json:1:21: /)
  })
})
