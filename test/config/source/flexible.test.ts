import assert from 'node:assert/strict'
import { readFileSync, statSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { type RenderedConfig, renderFlexible } from '../../../src/config/source/flexible.js'
import { flexibleFolders } from '../../../src/config/source/flexible-folders.js'
import { ConfigError, formatProblem } from '../../../src/errors.js'
import { folderOf } from '../support.js'

function render(
  folder: string,
  wanted: Partial<Record<'settings' | 'templates' | 'partials' | 'out', string>> = {}
): Promise<RenderedConfig> {
  const at = (name: string | undefined): string | undefined => (name === undefined ? undefined : path.join(folder, name))
  return renderFlexible(path.join(folder, 'krakend.tmpl'), {
    settings: at(wanted.settings),
    templates: at(wanted.templates),
    partials: at(wanted.partials) ?? folder,
    out: at(wanted.out)
  })
}

/** The findings of a refusal, without the folder in front of each file. */
async function faultsOf(folder: string, wanted: Parameters<typeof render>[1] = {}): Promise<string[]> {
  try {
    await render(folder, wanted)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.problems.map(problem => formatProblem(problem).replaceAll(`${folder}/`, ''))
  }
  return assert.fail('nothing was refused')
}

describe('flexibleFolders', () => {
  it('wants FC_ENABLE, with any text', () => {
    assert.equal(flexibleFolders({}), undefined)
    assert.equal(flexibleFolders({ FC_ENABLE: '', FC_SETTINGS: 's' }), undefined)
    for (const FC_ENABLE of ['1', '0', 'false']) {
      assert.deepEqual(flexibleFolders({ FC_ENABLE, FC_SETTINGS: 's' }), {
        settings: 's',
        templates: undefined,
        partials: '.',
        out: undefined
      })
    }
  })
})

describe('renderFlexible', () => {
  it('joins settings, templates and partials, and writes the text out', async () => {
    const folder = folderOf({
      'krakend.tmpl':
        '{"name":"{{ .service.name }}","list":[{{ template "hosts.tmpl" .service.hosts }}],"p":{{ include "sub/p.json" }}}',
      'settings/service.json': '{"name":"shop","hosts":["a","b"]}',
      'settings/notes.txt': 'no settings',
      'settings/sub/x.json': 'not read',
      'templates/hosts.tmpl': '{{ range $i, $h := . }}{{ if $i }},{{ end }}{{ marshal $h }}{{ end }}',
      'partials/sub/p.json': '{"raw":"{{ kept }}"}'
    })
    const wanted = { settings: 'settings', templates: 'templates', partials: 'partials', out: 'out.json' }
    const { text } = await render(folder, wanted)
    assert.equal(text, '{"name":"shop","list":["a","b"],"p":{"raw":"{{ kept }}"}}')
    assert.equal(readFileSync(path.join(folder, 'out.json'), 'utf8'), text)
    assert.equal(statSync(path.join(folder, 'out.json')).mode & 0o777, 0o600)
  })

  it('tells all faults of settings and templates at once', async () => {
    const folder = folderOf({
      'krakend.tmpl': '{{ nope }}',
      'settings/a.json': '[1]',
      'settings/b.json': '{\n "a": 1\n "b": 2}',
      'templates/t.tmpl': 'x\n {{ if }}{{ end }}'
    })
    const faults = await faultsOf(folder, { settings: 'settings', templates: 'templates' })
    assert.equal(faults.length, 4)
    assert.match(faults[0]!, /^settings\/a\.json: a settings file holds one JSON object/)
    assert.match(faults[1]!, /^settings\/b\.json:3:2: a comma is missing/)
    assert.match(faults[2]!, /^krakend\.tmpl:1:4: function "nope" not defined/)
    assert.match(faults[3]!, /^templates\/t\.tmpl:2:8: missing value for command/)
  })

  it('names folders that are not there', async () => {
    const folder = folderOf({ 'krakend.tmpl': 'x' })
    const faults = await faultsOf(folder, { settings: 'none', templates: 'gone' })
    assert.match(faults[0]!, /none: open .*no such file or directory \(FC_SETTINGS names this folder\)$/)
    assert.match(faults[1]!, /gone: open .*no such file or directory \(FC_TEMPLATES names this folder\)$/)
  })

  it('stops at a partial that is missing, or lies outside of its folder', async () => {
    const outside = folderOf({ secret: 'key' })
    for (const [name, reason] of [
      ['absent', 'no such file or directory'],
      ['../secret', 'lies outside of|no such file'],
      [`../${path.basename(outside)}/secret`, 'lies outside of'],
      ['link', 'lies outside of'],
      ['', 'lies outside of|is a directory']
    ]) {
      const folder = folderOf({ 'krakend.tmpl': `{{ include "${name}" }}` })
      symlinkSync(path.join(outside, 'secret'), path.join(folder, 'link'))
      assert.match(
        (await faultsOf(folder)).join(),
        new RegExp(`krakend\\.tmpl:1:4: executing .*error calling include: .*(?:${reason})`)
      )
    }
  })

  it('writes nothing when the execution fails', async () => {
    const folder = folderOf({ 'krakend.tmpl': 'x{{ fail "stop" }}', 'out.json': 'before' })
    assert.match((await faultsOf(folder, { out: 'out.json' })).join(), /krakend\.tmpl:1:5: .*error calling fail: stop/)
    assert.equal(readFileSync(path.join(folder, 'out.json'), 'utf8'), 'before')
  })

  it('replaces none of its templates', async () => {
    const folder = folderOf({ 'krakend.tmpl': 'x', 'templates/a.tmpl': 'y' })
    for (const out of ['krakend.tmpl', 'templates/../templates/a.tmpl'])
      assert.match((await faultsOf(folder, { templates: 'templates', out })).join(), /would replace the template/)
    assert.equal(readFileSync(path.join(folder, 'krakend.tmpl'), 'utf8'), 'x')
    assert.match((await faultsOf(folder, { out: 'none/out.json' })).join(), /no such file or directory .*FC_OUT or --out/)
  })

  it('says where <no value> is printed, each place once', async () => {
    const folder = folderOf({ 'krakend.tmpl': '{{ range list 1 2 }}{{ $.a.b }}{{ end }}\n{{ .c }}' })
    const { warnings } = await render(folder)
    assert.deepEqual(
      warnings.map(({ level, line, column }) => [level, line, column]),
      [
        ['warning', 1, 21],
        ['warning', 2, 1]
      ]
    )
  })

  it('keeps bytes that are no actions', async () => {
    const text = '{"a":"{id}",\r\n\t"b":"é€😀"}\n\n'
    assert.equal((await render(folderOf({ 'krakend.tmpl': text }))).text, text)
  })
})
