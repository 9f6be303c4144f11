/**
 * `npm run bench:components`: what components cost per request on a pass-through endpoint, one after another, against none of them. They are CORS,
 * a rate limit (also in Redis), a JWT validator and Martian's header modifiers. `--help` tells the options.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { measureCase } from './peers/measure.mjs'
import { runSluice } from './peers/peers.mjs'
import { startRedis } from './peers/redis-server.mjs'
import { conditions, digits, disturbance, of, RATIO_HEAD, RATIO_LINE, ratioCells, ratioLegend } from './peers/report.mjs'
import { reportRun } from './peers/report-run.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
/** A key in a file, and a token that it signed. */
async function keyAndToken(folder) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwks = path.join(folder, 'jwks.json')
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] }))
  const token = await new SignJWT({ sub: 'user-1', roles: ['admin'], tenant: 'acme' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(privateKey)
  return { jwks, token }
}

const CORS = { 'security/cors': { allow_origins: ['https://app.test'], allow_methods: ['GET'] } }
const HEADERS = {
  'security/http': {
    frame_deny: true,
    content_type_nosniff: true,
    browser_xss_filter: true,
    content_security_policy: "default-src 'self'",
    sts_seconds: 31_536_000,
    ssl_proxy_headers: { 'X-Forwarded-Proto': 'https' }
  }
}
const BREAKER = { 'qos/circuit-breaker': { interval: 60, timeout: 10, max_errors: 5 } }
const CHECK = { 'validation/cel': [{ check_expr: "req_method == 'GET' && size(req_path) > 1" }] }
const CLAIM_CHECK = { 'validation/cel': [{ check_expr: "JWT.tenant == 'acme' && has(JWT.sub)" }] }
const LIMIT = { 'qos/ratelimit/router': { max_rate: 10_000_000, client_max_rate: 10_000_000, strategy: 'ip' } }
const header = (scope, name) => ({ 'header.Modifier': { scope: [scope], name, value: 'bench' } })
const MARTIAN = {
  'modifier/martian': {
    'fifo.Group': {
      scope: ['request', 'response'],
      modifiers: [
        header('request', 'X-Tenant'),
        { 'header.Blacklist': { scope: ['request'], names: ['Cookie'] } },
        header('response', 'X-Served-By'),
        { 'header.Blacklist': { scope: ['response'], names: ['Server'] } }
      ]
    }
  }
}
const LUA = {
  'modifier/lua-proxy': { pre: "local r = request.load(); r:headers('X-Tenant', 'acme-' .. r:headers('User-Agent'))" }
}
const gateway = (name, service, endpoint, ofBackend = {}) => ({
  name,
  prepare: ({ port, upstream: host, folder: place }) => {
    const file = path.join(place, `${name.replaceAll(/\W+/g, '-')}.json`)
    const backend = [{ host: [host], url_pattern: '/150.txt', extra_config: ofBackend }]
    const config = {
      version: 3,
      port,
      listen_ip: '127.0.0.1',
      timeout: '10s',
      endpoints: [{ endpoint: '/150.txt', output_encoding: 'no-op', input_headers: ['*'], backend, extra_config: endpoint }],
      extra_config: {
        router: { disable_access_log: true },
        'telemetry/logging': { level: 'WARNING', prefix: '[BENCH]', stdout: true },
        ...service
      }
    }
    writeFileSync(file, JSON.stringify(config))
    return { command: runSluice()(file), env: { NODE_ENV: 'production' } }
  }
})

/** The same limits as `rate limit`, counted by a server: two decisions for each request. */
function sharedLimit(address) {
  const limit = { connection_name: 'bench', ...LIMIT['qos/ratelimit/router'] }
  const redis = { connection_pools: [{ name: 'bench', address, timeout: '1s' }] }
  return gateway('rate limit in Redis', { redis }, { 'qos/ratelimit/router/redis': limit })
}

function gateways(jwks, redis) {
  const jwt = {
    'auth/validator': { alg: 'ES256', jwk_local_path: jwks, disable_jwk_security: true, roles: ['admin'], roles_key: 'roles' }
  }
  return [
    gateway('none', {}, {}),
    gateway('CORS', CORS, {}),
    gateway('security headers', HEADERS, {}),
    gateway('rate limit', {}, LIMIT),
    ...(redis === undefined ? [] : [sharedLimit(redis.address)]),
    gateway('breaker', {}, {}, BREAKER),
    gateway('CEL', {}, CHECK),
    gateway('JWT', {}, jwt),
    gateway('JWT, verified anew', {}, { 'auth/validator': { ...jwt['auth/validator'], token_cache_bytes: 0 } }),
    gateway('Martian', {}, {}, MARTIAN),
    gateway('Lua', {}, LUA),
    gateway('CORS, rate limit and JWT', CORS, { ...LIMIT, ...jwt }),
    gateway(
      'CORS, security headers, rate limit, JWT with CEL, breaker',
      { ...CORS, ...HEADERS },
      { ...LIMIT, ...jwt, ...CLAIM_CHECK },
      BREAKER
    )
  ]
}

const about = 'npm run bench:components: what components cost per request on a pass-through endpoint, against none of them.'
const program = { out: path.join(here, 'COMPONENTS.md'), about, cases: 1, peers: gateways('').length + 1 }

await reportRun(program, async options => {
  options.progress.start('components on pass-through, 150 B')
  const lines = [
    '# Components',
    '',
    'Generated by `npm run bench:components`.',
    '',
    conditions(options),
    `A pass-through endpoint of 150 B, 64 connections. ${ratioLegend('none')} The token is ES256, its key in a`,
    'local file; what verifying one costs against jose alone is printed by `bench/jwt.mjs`.',
    '',
    `| | CPU µs/request | ${RATIO_HEAD} | requests/s | p99 ms |`,
    `|---|--:|${RATIO_LINE}|--:|--:|`
  ]
  const { jwks, token } = await keyAndToken(options.folder)
  const fields = { Authorization: `Bearer ${token}`, Origin: 'https://app.test' }
  const redis = await startRedis()
  if (redis === undefined) lines.push('redis-server is not installed here: the limit in Redis was not measured.', '')
  const measured = await measureCase({ path: '/150.txt', fields }, gateways(jwks, redis), options).finally(() => redis?.stop())
  for (const each of measured) {
    lines.push(
      `| ${each.name} | ${digits(of(each, 'cpu'))} | ${ratioCells(each, measured[0])} | ${digits(of(each, 'rate'))} | ${of(each, 'p99').toFixed(1)} |`
    )
  }
  lines.push('', disturbance(measured[0]))
  return lines
})
