/**
 * One configuration as users have it: tokens with roles and claims, CORS, security headers, a limit per client, a breaker, a schema for what is
 * sent, an expression, a cache. The same file for Sluice and KrakenD; `programs/fastify-real-life.mjs` does the same jobs with plugins of fastify.
 */
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'

const ISSUER = 'https://issuer.test'
const AUDIENCE = 'shop'
export const ORIGIN = 'https://app.test'
/** More than fit into the 16 MiB that Sluice keeps of tokens: each comes back after it has been forgotten. */
const FRESH_TOKENS = 20_000

/** What a POST brings; it fits the schema. */
export const ORDER = JSON.stringify({
  customer: 'c-4711',
  lines: Array.from({ length: 8 }, (_, i) => ({ sku: `A-${1000 + i}`, quantity: i + 1, note: 'left at the door' })),
  address: { street: '1 Main Street', city: 'Springfield', zip: '12345' }
})

const ORDER_SCHEMA = {
  type: 'object',
  required: ['customer', 'lines', 'address'],
  properties: {
    customer: { type: 'string', pattern: '^c-[0-9]+$' },
    lines: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      items: {
        type: 'object',
        required: ['sku', 'quantity'],
        properties: {
          sku: { type: 'string', maxLength: 40 },
          quantity: { type: 'integer', minimum: 1 },
          note: { type: 'string' }
        }
      }
    },
    address: {
      type: 'object',
      required: ['street', 'city', 'zip'],
      properties: { street: { type: 'string' }, city: { type: 'string' }, zip: { type: 'string', minLength: 5 } }
    }
  }
}

/** @typedef {{ id: string, title: string, kind: 'real', path: string, alg: 'RS256' | 'ES256', fresh?: boolean, json?: string }} RealCase */

/** @type {RealCase[]} */
export const REAL_CASES = [
  { id: 'real-rs', title: 'real life: pass-through 150 B, RS256, the same token', path: '/rs/150.txt', alg: 'RS256' },
  {
    id: 'real-rs-fresh',
    title: 'real life: pass-through 150 B, RS256, fresh tokens',
    path: '/rs/150.txt',
    alg: 'RS256',
    fresh: true
  },
  { id: 'real-es', title: 'real life: pass-through 150 B, ES256, the same token', path: '/es/150.txt', alg: 'ES256' },
  {
    id: 'real-es-fresh',
    title: 'real life: pass-through 150 B, ES256, fresh tokens',
    path: '/es/150.txt',
    alg: 'ES256',
    fresh: true
  },
  { id: 'real-json', title: 'real life: one JSON 16 KB, RS256, the same token', path: '/rs/json', alg: 'RS256' },
  { id: 'real-merge', title: 'real life: merge of three small, RS256, the same token', path: '/rs/merge', alg: 'RS256' },
  {
    id: 'real-post',
    title: 'real life: POST with a schema, RS256, the same token',
    path: '/rs/orders',
    alg: 'RS256',
    json: ORDER
  },
  { id: 'real-cached', title: 'real life: response from the cache, RS256, the same token', path: '/rs/cached', alg: 'RS256' }
].map(one => ({ kind: 'real', ...one }))

const keyFile = (folder, alg) => path.join(folder, `${alg}.jwks.json`)
const tokenFile = (folder, alg) => path.join(folder, `${alg}.tokens`)

function keyPair(alg) {
  return alg === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** Claims that no guard lets pass, by what is wrong with them. */
const REFUSED_CLAIMS = {
  'a token without the role': { roles: ['user'] },
  'a token for another audience': { aud: 'depot' },
  'a token of another issuer': { iss: 'https://other.test' },
  'a token that has expired': { exp: 1_600_000_000 },
  'a token that the expression refuses': { tenant: 'other' }
}

/** Another signature of the same length. */
const resigned = token => token.replace(/.{20}$/, end => (end.startsWith('AAAA') ? 'B' : 'A').repeat(4) + end.slice(4))

/** Makes a key, writes its public half as a key set and as PEM, and signs tokens. Returns a good one, and those that are refused by what is wrong. */
function writeTokens(folder, alg, count) {
  const { privateKey, publicKey } = keyPair(alg)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg, use: 'sig' }
  writeFileSync(keyFile(folder, alg), JSON.stringify({ keys: [jwk] }))
  writeFileSync(path.join(folder, `${alg}.pem`), publicKey.export({ type: 'spki', format: 'pem' }))
  const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = part({ alg, kid: 'bench', typ: 'JWT' })
  const now = Math.floor(Date.now() / 1000)
  const key = { key: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })), dsaEncoding: 'ieee-p1363' }
  const claims = { iss: ISSUER, aud: AUDIENCE, tenant: 'acme', roles: ['user', 'admin'], iat: now, exp: now + 86_400 }
  const tokenOf = more => {
    const signed = `${head}.${part({ ...claims, ...more })}`
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
  }
  const tokens = Array.from({ length: count }, (_, i) => tokenOf({ sub: `user-${i}` }))
  writeFileSync(tokenFile(folder, alg), `${tokens.join('\n')}\n`)
  const refused = Object.entries(REFUSED_CLAIMS).map(([what, more]) => [what, tokenOf({ sub: 'user-0', ...more })])
  return { good: tokens[0], refused: { ...Object.fromEntries(refused), 'a token with another signature': resigned(tokens[0]) } }
}

/**
 * Gives the cases what they send: fields, a body, and a file of tokens where each request has another one; and what is refused. Writes keys and
 * tokens into `folder`.
 */
export function prepareReal(cases, folder) {
  const made = new Map()
  for (const alg of ['RS256', 'ES256']) {
    const count = cases.some(one => one.alg === alg && one.fresh) ? FRESH_TOKENS : 1
    if (cases.some(one => one.kind === 'real')) made.set(alg, writeTokens(folder, alg, count))
  }
  return cases.map(one => {
    if (one.kind !== 'real') return one
    const { good, refused } = made.get(one.alg)
    const fieldsOf = token => ({ Origin: ORIGIN, Authorization: `Bearer ${token}` })
    const fields = fieldsOf(good)
    return {
      ...one,
      fields,
      refused: refusedOf(one, fields, refused, fieldsOf),
      ...(one.fresh && { tokens: { file: tokenFile(folder, one.alg), count: FRESH_TOKENS } })
    }
  })
}

/** Requests of a case that every gateway with the components refuses, by what is wrong with them. */
function refusedOf({ json }, fields, tokens, fieldsOf) {
  const list = [['no token', { fields: { Origin: ORIGIN } }]]
  for (const [what, token] of Object.entries(tokens)) list.push([what, { fields: fieldsOf(token) }])
  if (json !== undefined) list.push(['a body that does not fit the schema', { fields, json: json.replace('c-4711', '4711') }])
  return Object.fromEntries(list)
}

/** What fastify's program needs to know. */
export const fastifyEnv = folder => ({
  ISSUER,
  AUDIENCE,
  ORIGIN,
  RS_KEY: path.join(folder, 'RS256.pem'),
  ES_KEY: path.join(folder, 'ES256.pem'),
  SCHEMA: JSON.stringify(ORDER_SCHEMA)
})

/** A limit that no run of the bench reaches. */
const NO_LIMIT = 10_000_000

/**
 * The configuration, or the same endpoints without any component.
 * @param {{ port: number, upstream: string, folder: string, bare: boolean }} options
 */
export function realConfig({ port, upstream, folder, bare }) {
  const breaker = { 'qos/circuit-breaker': { interval: 60, timeout: 10, max_errors: 5 } }
  const backend = (url_pattern, extra = {}) => ({
    host: [upstream],
    url_pattern,
    ...(!bare && { extra_config: { ...breaker, ...extra } })
  })
  const guards = alg => ({
    'auth/validator': {
      alg,
      jwk_local_path: keyFile(folder, alg),
      disable_jwk_security: true,
      issuer: ISSUER,
      audience: [AUDIENCE],
      roles_key: 'roles',
      roles: ['admin']
    },
    'qos/ratelimit/router': { max_rate: NO_LIMIT, client_max_rate: NO_LIMIT, strategy: 'ip' },
    'validation/cel': [{ check_expr: "JWT.tenant == 'acme' && has(JWT.sub)" }]
  })
  const endpoint = (alg, route, backends, { extra = {}, ...more } = {}) => ({
    endpoint: route,
    input_headers: ['Accept', 'Content-Type', 'User-Agent'],
    backend: backends,
    ...more,
    ...(!bare && { extra_config: { ...guards(alg), ...extra } })
  })
  const pass = { output_encoding: 'no-op' }
  return {
    version: 3,
    name: 'bench',
    port,
    listen_ip: '127.0.0.1',
    timeout: '10s',
    max_idle_connections_per_host: 256,
    endpoints: [
      endpoint('RS256', '/rs/150.txt', [backend('/150.txt')], pass),
      endpoint('ES256', '/es/150.txt', [backend('/150.txt')], pass),
      endpoint('RS256', '/rs/json', [backend('/16k.json')]),
      endpoint('RS256', '/rs/merge', [backend('/a.json'), backend('/b.json'), backend('/c.json')]),
      endpoint('RS256', '/rs/orders', [{ ...backend('/upload'), method: 'POST' }], {
        ...pass,
        method: 'POST',
        extra: { 'validation/json-schema': ORDER_SCHEMA }
      }),
      endpoint('RS256', '/rs/cached', [backend('/cached/150.txt', { 'qos/http-cache': {} })], pass)
    ],
    extra_config: {
      router: { disable_access_log: true },
      'telemetry/logging': { level: 'WARNING', prefix: '[BENCH]', stdout: true },
      ...(!bare && SERVICE)
    }
  }
}

const SERVICE = {
  'security/cors': {
    allow_origins: [ORIGIN],
    allow_methods: ['GET', 'POST'],
    allow_headers: ['Authorization', 'Content-Type'],
    expose_headers: ['X-Request-Id'],
    allow_credentials: true,
    max_age: '1h'
  },
  'security/http': {
    frame_deny: true,
    content_type_nosniff: true,
    browser_xss_filter: true,
    content_security_policy: "default-src 'self'",
    referrer_policy: 'same-origin',
    sts_seconds: 31_536_000,
    ssl_proxy_headers: { 'X-Forwarded-Proto': 'https' }
  }
}

/** Fields that every response has by {@link SERVICE}; of `X-XSS-Protection` the value is fastify's own. */
export const PROMISED = {
  'access-control-allow-origin': ORIGIN,
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'X-Request-Id',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'x-xss-protection': undefined,
  'content-security-policy': "default-src 'self'",
  'referrer-policy': 'same-origin'
}
