import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeInventory } from '../../../src/audit/inventory.js'
import { FORWARDING_RULES } from '../../../src/audit/rules/forwarding.js'

/** The numbers of the rules that an endpoint breaks. */
function broken(endpoint: object): string[] {
  const service = takeInventory({ version: 3, endpoints: [{ endpoint: '/a', backend: [{ url_pattern: '/' }], ...endpoint }] })
  return FORWARDING_RULES.filter(rule => rule.places(service).length > 0).map(({ id }) => id)
}

const atBackend = (extra_config: object, own: object = {}): object => ({ backend: [{ url_pattern: '/', extra_config, ...own }] })
const cel = (check_expr: string): object => ({ 'validation/cel': [{ check_expr }] })
const claims = (header: string): object => ({ 'auth/validator': { propagate_claims: [['sub', header]] } })

const CASES: readonly (readonly [title: string, endpoint: object, ids: readonly string[]])[] = [
  ['a claim that no list names', { extra_config: claims('x-user') }, ['S2.6']],
  ['a claim that the list names in another case', { input_headers: ['X-User'], extra_config: claims('x-user') }, []],
  ['a claim, and all fields', { input_headers: ['*'], extra_config: claims('x-user') }, []],
  ['a claim that a limit reads before the lists', { extra_config: { ...claims('x-user'), 'qos/ratelimit/tiered': {} } }, []],
  ['claims that are no pairs', { extra_config: { 'auth/validator': { propagate_claims: ['x', [1, 2], null] } } }, []],
  ['an expression of the endpoint', { extra_config: cel('req_headers.Role[0] == "a"') }, ['S2.7']],
  ['an expression that names a field in backquotes', { extra_config: cel('has(req_headers.`X-Role`)') }, ['S2.7']],
  ['an expression about a field that always goes on', { extra_config: cel("'a' in req_headers['Content-Type']") }, []],
  [
    'an expression about a field that is let through',
    { input_headers: ['x-role'], extra_config: cel('req_headers["X-Role"] == []') },
    []
  ],
  [
    'an expression of a backend that narrows the list',
    { input_headers: ['X-A', 'X-B'], ...atBackend(cel("'a' in req_headers['X-B']"), { input_headers: ['X-A'] }) },
    ['S2.7']
  ],
  ['a script that may set the field', { extra_config: { ...cel("'a' in req_headers['X-B']"), 'modifier/lua-proxy': {} } }, []],
  ['a parameter of the query', { extra_config: cel('req_querystring.page == ["1"]') }, ['S2.9']],
  ['a parameter that is let through', { input_query_strings: ['page'], extra_config: cel('req_querystring.page == ["1"]') }, []],
  ['expressions that are no list', { extra_config: { 'validation/cel': { check_expr: 'req_headers.A' } } }, []],
  ['Martian copies a field', atBackend({ 'modifier/martian': { 'header.Copy': { from: 'X-A', to: 'X-B' } } }), ['S2.7']],
  [
    'Martian looks at a field of responses',
    atBackend({ 'modifier/martian': { 'header.Filter': { scope: ['response'], name: 'X-A' } } }),
    []
  ],
  [
    'Martian reads what it has set, with keys in another case',
    atBackend({
      'modifier/martian': {
        'fifo.Group': { modifiers: [{ 'header.Modifier': { Name: 'x-a' } }, { 'header.RegexFilter': { Header: 'X-A' } }] }
      }
    }),
    []
  ],
  [
    'metadata of gRPC',
    atBackend({ 'plugin/http-client': { name: 'sluice-grpc', 'sluice-grpc': { metadata: ['X-User'] } } }),
    ['S2.7']
  ],
  [
    'the tier of a backend’s quota',
    { input_headers: ['X-User'], ...atBackend({ 'governance/quota': { tier_key: 'X-Plan', tiers: [{ key: 'X-User' }] } }) },
    ['S2.7']
  ],
  [
    'a quota that looks at all',
    atBackend({ 'governance/quota': { tier_key: 'X-Plan', tiers: [{ tier_value_as: '*', strategy: 'ip' }] } }),
    []
  ],
  [
    'a backend asks for more than its endpoint lets through',
    { input_headers: ['X-A'], ...atBackend({}, { input_headers: ['x-a', 'X-B'] }) },
    ['S2.8']
  ],
  ['a backend narrows the list', { input_headers: ['X-A', 'X-B'], ...atBackend({}, { input_headers: ['x-a'] }) }, []]
]

for (const [title, endpoint, ids] of CASES) {
  test(`what is let through: ${title}`, () => assert.deepEqual(broken(endpoint), ids))
}
