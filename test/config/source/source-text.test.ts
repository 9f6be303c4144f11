/** Texts that are no JSON, YAML or TOML, or hold what a configuration cannot: refused with their place, and named. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { readSource } from '../../../src/config/source/source-text.js'
import { ConfigError, type ConfigProblem } from '../../../src/errors.js'
import { configFile } from '../support.js'

async function fault(name: string, text: string | Buffer): Promise<ConfigProblem> {
  const file = await configFile(name, '')
  await writeFile(file, text)
  const error = await readSource(file).then(
    source => assert.fail(`accepted: ${JSON.stringify(source.value)}`),
    (cause: unknown) => cause
  )
  assert.ok(error instanceof ConfigError, String(error))
  return error.problems[0]!
}

const read = async (name: string, text: string) =>
  JSON.parse(JSON.stringify((await readSource(await configFile(name, text))).value))

test('a fault of JSON is named by what is missing or too much', async () => {
  const cases: readonly (readonly [text: string, line: number, column: number, message: RegExp])[] = [
    ['{\n "a": 1\n "b": 2\n}', 3, 2, /^a comma is missing before '"'$/],
    ['[\n {"a": 1}\n {"b": 1}\n]', 3, 2, /^a comma is missing before '\{'$/],
    ['{\n "a": 1,\n}', 3, 1, /^a trailing comma before '\}'$/],
    ['[1,\n]', 2, 1, /^a trailing comma before '\]'$/],
    ['{"a": 1,, "b": 2}', 1, 9, /^a comma too many$/],
    ['{"a" 1}', 1, 6, /^a colon is missing before '1'$/],
    ['{"a": }', 1, 7, /^a value is missing before '\}'$/],
    ['{\n "a": "x,\n "b": 1\n}', 2, 7, /^the closing quote of this text is missing$/],
    ['{\n a: 1\n}', 2, 2, /^the quotes around 'a' are missing$/],
    ["{'a': 1}", 1, 2, /^single quotes$/],
    ['{"a": [1, 2}', 1, 12, /^a closing '\]' is missing before '\}'$/],
    ['{"a": {"b": 1]', 1, 14, /^a closing '\}' is missing before '\]'$/],
    ['{"a": {"b": 1}\n', 1, 15, /^unexpected end of JSON input: a closing '\}' is missing$/],
    ['{"a": [1\n', 1, 9, /^unexpected end of JSON input: a closing '\]' is missing$/],
    ['{"a": 1}}', 1, 9, /^'\}' stands behind the end of the document$/],
    ['{"a": 01}', 1, 8, /^invalid character '1' in JSON$/]
  ]
  for (const [text, line, column, message] of cases) {
    const problem = await fault('a.json', text)
    assert.deepEqual([problem.line, problem.column], [line, column], text)
    assert.match(problem.message, message)
  }
  for (const deep of ['['.repeat(100_000), '[{"":'.repeat(50_000)]) {
    const problem = await fault('a.json', deep)
    assert.match(problem.message, /nested too deeply/)
    assert.notEqual(problem.line, undefined)
  }
})

test('bytes that are no UTF-8 are refused in TOML and YAML, with their place', async () => {
  for (const name of ['a.toml', 'a.yaml']) {
    const text = Buffer.concat([Buffer.from('# \uFFFD is a character\n# '), Buffer.from([0xe9]), Buffer.from('\n')])
    const problem = await fault(name, text)
    assert.deepEqual([problem.message, problem.line, problem.column], ['this is no UTF-8', 2, 3])
  }
})

test('an empty file is told so in every format', async () => {
  for (const name of ['a.json', 'a.yaml', 'a.toml', 'a'])
    for (const text of ['', ' \n\n', '\uFEFF\n']) assert.equal((await fault(name, text)).message, 'the file is empty', name)
})

test('a folder is told so, and what to do', async () => {
  const folder = path.dirname(await configFile('a.json', '{}'))
  const problem = await readSource(folder).then(
    () => assert.fail('accepted'),
    (error: ConfigError) => error.problems[0]!
  )
  assert.equal(problem.message, `open ${folder}: is a directory`)
  assert.equal(problem.suggestion, 'name the configuration file in it')
})

test('a text in the form of another format than its extension says', async () => {
  const texts = {
    yaml: ['version: 3\nendpoints: []\n', '# notes\n\n---\nversion: 3\n', '"version": 3\n'],
    toml: ['# notes\n[tls]\nmin_version = "TLS12"\n', '[[endpoints]]\nendpoint = "/a"\n'],
    json: ['{"version": 3}\n', '{\n  "version": 3\n}\n']
  }
  for (const [format, list] of Object.entries(texts))
    for (const text of list)
      for (const other of ['json', 'yaml', 'toml'].filter(name => name !== format)) {
        if (format === 'json' && other === 'yaml') continue // JSON is YAML
        const { suggestion } = await fault(`a.${other}`, text)
        const expected = `this looks like ${format.toUpperCase()}, and the extension says ${other.toUpperCase()}: name the file with .${format}`
        assert.equal(suggestion, expected, JSON.stringify(text))
      }
  assert.doesNotMatch((await fault('a.json', '{"a": 1,}')).suggestion!, /looks like/)
  assert.equal((await fault('a.yaml', 'a: [1\n')).suggestion, undefined)
})

test('UTF-16 is named as such', async () => {
  const text = '{"version": 3}'
  const little = Buffer.from(text, 'utf16le')
  const big = Buffer.from(little).swap16()
  for (const name of ['a.json', 'a.yaml', 'a.toml'])
    for (const bytes of [
      little,
      big,
      Buffer.concat([Buffer.from([0xff, 0xfe]), little]),
      Buffer.concat([Buffer.from([0xfe, 0xff]), big])
    ])
      assert.deepEqual(await fault(name, bytes).then(({ message, suggestion }) => [message, suggestion]), [
        'this is UTF-16',
        'save the file as UTF-8'
      ])
})

test('YAML and TOML that are nested too deeply are told so', async () => {
  const deep = '['.repeat(20_000) + ']'.repeat(20_000)
  for (const [name, text] of [
    ['a.yaml', `a: ${deep}\n`],
    ['a.toml', `a = ${deep}\n`]
  ] as const)
    assert.match((await fault(name, text)).message, /nested too deeply/, name)
})

test('TOML: days that no month has', async () => {
  for (const date of ['2100-02-29', '2021-02-30T10:00:00Z', '1999-04-31T00:00:00', '2023-02-29 07:32:00']) {
    const problem = await fault('a.toml', `version = 3\nd = ${date}\n`)
    assert.match(problem.message, /no day of the calendar/)
    assert.deepEqual([problem.line, problem.column], [2, 5])
  }
  assert.deepEqual(await read('a.toml', '2100-02-29 = "2100-02-29"\n# 2100-02-29\na = 2024-02-29\n'), {
    '2100-02-29': '2100-02-29',
    a: '2024-02-29'
  })
})

test('YAML: types that JSON does not have, keys that are no texts, a second directive, a second document', async () => {
  const cases: readonly (readonly [text: string, line: number, message: RegExp])[] = [
    ['version: 3\na: !!set\n  ? x\n', 3, /!!set/],
    ['version: 3\na: !!omap\n  - x: 1\n', 3, /!!omap/],
    ['version: 3\na: !!binary "aGk="\n', 2, /!!binary/],
    ['version: 3\n? [a, b]\n: 1\n', 2, /a key of a configuration is a text/],
    ['version: 3\n~: 1\n', 2, /a key of a configuration is a text/],
    ['%YAML 1.2\n%YAML 1.2\n---\nversion: 3\n', 2, /second %YAML/],
    ['version: 3\n---\nversion: 3\n', 2, /multiple documents/]
  ]
  for (const [text, line, message] of cases) {
    const problem = await fault('a.yaml', text)
    assert.match(problem.message, message)
    assert.equal(problem.line, line, text)
  }
})

test('YAML: merge keys bring in what they name', async () => {
  const text = 'base: &base\n  method: GET\n  timeout: 1s\none:\n  <<: *base\n  timeout: 2s\n'
  assert.deepEqual((await read('a.yaml', text)).one, { method: 'GET', timeout: '2s' })
})
