/** Files of version 2 as version 3: names change, nothing else of the text does. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { migrateConfig } from '../../../src/config/migration/migrate.js'
import { ConfigError } from '../../../src/errors.js'
import { loadConfigFile } from '../../support/load-config.js'
import { configFile } from '../support.js'

const migrated = async (name: string, text: string) => migrateConfig(await configFile(name, text))

const JSON_FILE = `{
  "version" : 2, "@note": "whitelist stays in texts",
  "extra_config": {
    "github_com/devopsfaith/krakend-gologging": { "level": "INFO", "stdout": true },
    "github_com/devopsfaith/krakend-botdetector": { "blacklist": ["a"], "whitelist": [] },
    "github_com/devopsfaith/krakend-etcd": { "machines": [] }
  },
  "endpoints": [ { "endpoint": "/a",
      "headers_to_pass": ["X-A"],	"querystring_params": ["q"],
      "extra_config": {
        "github.com/devopsfaith/krakend-ratelimit/juju/router": {"maxRate": 2, "clientMaxRate": 1, "strategy": "ip"},
        "github.com/devopsfaith/krakend-jose/signer": {"jwk-url": "x", "keys-to-sign": ["t"]},
        "github.com/luraproject/lura/proxy": {"static": {"data": {"whitelist": 1}}}
      },
      "backend": [ { "url_pattern": "/", "whitelist": ["id"], "sd": "etcd",
          "extra_config": { "github.com/devopsfaith/krakend-circuitbreaker/gobreaker": {"maxErrors": 1, "logStatusChange": true} } } ] } ]
}
`

const RENAMED: readonly (readonly [from: string, to: string])[] = [
  ['"version" : 2', '"version" : 3'],
  ['"github_com/devopsfaith/krakend-gologging"', '"telemetry/logging"'],
  ['"github_com/devopsfaith/krakend-botdetector"', '"security/bot-detector"'],
  ['"blacklist": ["a"], "whitelist": []', '"deny": ["a"], "allow": []'],
  ['"headers_to_pass"', '"input_headers"'],
  ['"querystring_params"', '"input_query_strings"'],
  ['"github.com/devopsfaith/krakend-ratelimit/juju/router"', '"qos/ratelimit/router"'],
  ['"maxRate": 2, "clientMaxRate"', '"max_rate": 2, "client_max_rate"'],
  ['"github.com/devopsfaith/krakend-jose/signer"', '"auth/signer"'],
  ['"jwk-url": "x", "keys-to-sign"', '"jwk_url": "x", "keys_to_sign"'],
  ['"github.com/luraproject/lura/proxy"', '"proxy"'],
  ['"whitelist": ["id"]', '"allow": ["id"]'],
  ['"github.com/devopsfaith/krakend-circuitbreaker/gobreaker"', '"qos/circuit-breaker"'],
  ['"maxErrors": 1, "logStatusChange"', '"max_errors": 1, "log_status_change"']
]

test('names become those of version 3, at their places; data, order and white space stay', async () => {
  const { text, notes } = await migrated('a.json', JSON_FILE)
  assert.equal(
    text,
    RENAMED.reduce((before, [from, to]) => before.replace(from, to), JSON_FILE)
  )
  assert.deepEqual(
    notes.map(({ line, message }) => `${line}: ${message}`),
    [
      "6: no namespace of version 3 is known for 'github_com/devopsfaith/krakend-etcd'",
      "15: there is no service discovery 'etcd'"
    ]
  )
})

test('YAML keeps its comments and quotes; what an alias repeats is changed once', async () => {
  const yaml = `# the gateway
version: "2"
x: &b   # shared
  - url_pattern: /
    'whitelist': [id] # only this
endpoints:
  - endpoint: /a
    backend: *b
  - endpoint: /b
    headers_to_pass: [X-A]
    backend: *b
`
  const { text, changes } = await migrated('a.yml', yaml)
  const expected = yaml.replace('"2"', '3').replace("'whitelist'", "'allow'").replace('headers_to_pass', 'input_headers')
  assert.deepEqual([text, changes], [expected, 3])
})

test('a key whose new name is there already stays, and is told', async () => {
  const file = '{"version":2,"endpoints":[{"backend":[{"allow":["a"],"whitelist":["b"]}]}]}'
  const { text, notes } = await migrated('a.json', file)
  assert.equal(text, file.replace('2', '3'))
  assert.match(notes[0]?.message ?? '', /'whitelist' stays, there is 'allow' beside it/)
})

test('a file of version 3 is printed as it is: KrakenD does not read the old names in it', async () => {
  const file = '{"version":3,"endpoints":[{"backend":[{"whitelist":["b"]}]}]}'
  assert.deepEqual(await migrated('a.json', file), { text: file, notes: [], changes: 0 })
})

test('TOML is not migrated, and a file that is not well-formed is refused with its place', async () => {
  const { notes } = await migrated('a.toml', 'version = 2\n')
  assert.deepEqual(
    notes.map(({ level, suggestion }) => [level, suggestion]),
    [['error', 'convert it to YAML or JSON first']]
  )
  await assert.rejects(migrated('a.json', '{"version":2,'), ConfigError)
})

test('a start with version 2 says what to do, and nothing else', async () => {
  for (const version of [1, 2, '2']) {
    const text = JSON.stringify({ version, endpoints: [{ endpoint: '/a', headers_to_pass: [], backend: [{}] }] })
    const error = await loadConfigFile(await configFile('a.json', text), { namespaces: [], env: {} }).catch((e: unknown) => e)
    assert.ok(error instanceof ConfigError)
    assert.deepEqual(
      error.problems.map(({ message, suggestion }) => `${message} (${suggestion})`),
      [`unsupported version: ${version} (want: 3) (\`sluice migrate FILE\` prints the file as version 3)`]
    )
  }
})
