/** Keys that stand twice in one object are found, with the place that is passed over and the one that counts. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repeatedInJson } from '../../../src/config/source/repeated-keys.js'
import { ConfigError, type ConfigProblem } from '../../../src/errors.js'
import { createRandom, pick, type Random } from '../../encoding/json/random.js'
import { loadConfigFile } from '../../support/load-config.js'
import { configFile, folderOf } from '../support.js'

async function found(file: string, options: { tolerant?: boolean; env?: NodeJS.ProcessEnv } = {}): Promise<readonly string[]> {
  const problems = await loadConfigFile(file, { namespaces: [], env: {}, ...options }).then(
    config => config.problems,
    (error: unknown) => {
      assert.ok(error instanceof ConfigError, String(error))
      return error.problems
    }
  )
  return problems.filter(problem => problem.message.includes('stands twice')).map(tell)
}

const tell = ({ level, file, line, column, pointer, message }: ConfigProblem): string =>
  `${level} ${file.replace(/^.*\//, '')}:${line}:${column} ${pointer} ${message.replace(/^.* in this object, and the one at /, '')}`

const CASES: readonly (readonly [what: string, text: string, findings: readonly string[]])[] = [
  ['none', '{"version":3,"name":"a","endpoints":[{"endpoint":"/a","backend":[{"url_pattern":"/"}]}]}', []],
  ['in the root', '{"version":3,"name":"a",\n"name":"b"}', ['warning FILE:1:14 /name line 2, column 1 counts']],
  [
    'three times',
    '{"version":3,\n"name":"a",\n"name":"b",\n"name":"c"}',
    ['warning FILE:2:1 /name line 4, column 1 counts', 'warning FILE:3:1 /name line 4, column 1 counts']
  ],
  [
    'in lists and free options',
    '{"version":3,"endpoints":[{"endpoint":"/a","backend":[{"url_pattern":"/"}],\n"extra_config":{"mine":{"a/b":[{"x":1,\n"x":2}]}}}]}',
    ['warning FILE:2:33 /endpoints/0/extra_config/mine/a~1b/0/x line 3, column 1 counts']
  ],
  ['written otherwise', '{"version":3,"n\\u0061me":"a",\n"name" \t:"b"}', ['warning FILE:1:14 /name line 2, column 1 counts']],
  ['comments may repeat', '{"version":3,"@c":1,"@c":2,"_d":1,"_d":2,"$e":1,"$e":1,"#f":0,"#f":0}', []],
  ['texts that look like keys', '{"version":3,"name":"\\"a\\":1,\\"a\\":2","@b":": \\\\","@c":["name",":"]}', []]
]

for (const [what, text, findings] of CASES) {
  for (const name of ['a.json', 'a.yaml']) {
    test(`keys that stand twice, ${what}: ${name}`, async () => {
      const named = findings.map(one => one.replace('FILE', name))
      assert.deepEqual(await found(configFile(name, text)), named)
    })
  }
}

test('a block of YAML names its keys where they stand, and merge keys may repeat', async () => {
  const text = 'version: 3\nname: a\nhost: &h\n  - http://a\nname: b\n"@x":\n  <<: {a: 1}\n  <<: {b: 1}\n'
  assert.deepEqual(await found(configFile('a.yml', text)), ['warning a.yml:2:1 /name line 5, column 1 counts'])
})

test('a key that a partial wrote is named in the partial', async () => {
  const folder = folderOf({
    'a.json': '{"version":3,\n"name":"a",{{ template "b.tmpl" }}}',
    't/b.tmpl': '\n"name":"b"'
  })
  const findings = await found(`${folder}/a.json`, { env: { FC_ENABLE: '1', FC_TEMPLATES: `${folder}/t` } })
  assert.equal(findings.length, 1)
  assert.match(findings[0]!, /^warning a\.json:2:1 \/name \S*b\.tmpl, line 2, column 1 counts$/)
})

test('a protection that is lost stops the start, unless that is tolerant', async () => {
  const validator = '"auth/validator":{"alg":"RS256"}'
  const endpoint = (...extras: string[]): string =>
    `{"version":3,"endpoints":[{"endpoint":"/a","backend":[{"host":["http://a"],"url_pattern":"/"}],${extras.join(',')}}]}`
  const extra = (inner: string): string => `"extra_config":{${inner}}`
  const cases: readonly (readonly [text: string, finding: RegExp])[] = [
    [endpoint(extra(validator), extra('')), /^error .* counts; auth\/validator is lost with it$/],
    [
      endpoint(extra(`"github.com/devopsfaith/krakend-jose/validator":{}`), extra('')),
      /^error .*; auth\/validator is lost with it$/
    ],
    [endpoint(extra(`"github.com/devopsfaith/krakend-jose/validator":{}`), extra(validator)), /^warning .* counts$/],
    [
      endpoint(extra(`${validator},"qos/ratelimit/router":{}`), extra(validator)),
      /^error .*; qos\/ratelimit\/router is lost with it$/
    ],
    [endpoint(extra(`${validator},${validator}`)), /^warning .* counts$/],
    [endpoint(extra('"mine":{"a":1}'), extra('')), /^warning .* counts$/]
  ]
  for (const [text, finding] of cases) {
    for (const tolerant of [false, true]) {
      const [first, ...more] = await found(configFile('a.json', text), { tolerant })
      assert.match(first!, finding, text)
      assert.deepEqual(more, [], text)
    }
    const config = loadConfigFile(configFile('a.json', text), { namespaces: [], env: {}, tolerant: true })
    assert.equal((await config).endpoints.length, 1, text)
  }
})

test('every repeated key of random texts is found, and no other (10,000 texts)', async () => {
  const random = createRandom(7)
  for (let run = 0; run < 10_000; run++) {
    const expected: string[] = []
    const text = draw(random, 3, '', expected)
    const got = await repeatedInJson(text, JSON.parse(text))
    assert.deepEqual(got.map(one => one.pointer).sort(), expected.sort(), text)
  }
})

const KEYS = ['a', 'b', 'c~d', 'e/f', 'g"h', 'i\\', '', '@j', '__proto__', 'constructor', 'é']
const TEXTS = ['"x"', '"\\":"', '"\\\\"', '": "', '1', 'null', 'true', '"\\u0022:"']

/** Draws a value as text, and notes the pointers of the keys in it that are passed over. */
function draw(random: Random, depth: number, pointer: string, expected: string[]): string {
  const kind = random()
  if (depth === 0 || kind < 0.2) return pick(random, TEXTS)
  const count = Math.floor(random() * 5)
  const blank = pick(random, ['', ' ', '\n\t'])
  if (kind < 0.5)
    return `[${blank}${Array.from({ length: count }, (_, i) => draw(random, depth - 1, `${pointer}/${i}`, expected))}]`
  const keys = Array.from({ length: count }, () => pick(random, KEYS))
  const members = keys.map((key, at) => {
    const inner = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (keys.lastIndexOf(key) !== at && !/^[@_]/.test(key)) expected.push(inner)
    return `${JSON.stringify(key)}${blank}:${blank}${draw(random, depth - 1, inner, expected)}`
  })
  return `{${blank}${members.join(`,${blank}`)}}`
}
