// What verifying a token costs in `auth/validator`, against jose alone with the same key at hand.
// Run: node --conditions=sluice-source --import tsx bench/jwt.mjs
import os from 'node:os'
import * as jose from 'jose'
import { KeySet } from '../plugins/_shared/keys/key-set.js'
import { FixedKeys } from '../plugins/_shared/keys/key-source.js'
import { compileVerify } from '../plugins/auth/validator/verify.js'

const ROUNDS = 15
const TOKENS = 1500
const issuer = 'https://issuer.test'
const audience = ['aud-1']

async function caseOf(alg) {
  const now = Math.floor(Date.now() / 1000)
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'k', alg }
  const claims = {
    iss: issuer,
    aud: 'aud-1',
    sub: 'user-1',
    exp: now + 3600,
    iat: now,
    roles: ['admin', 'user'],
    scope: 'read write'
  }
  const token = await new jose.SignJWT(claims).setProtectedHeader({ alg, kid: 'k', typ: 'JWT' }).sign(privateKey)
  const ours = compileVerify({
    jose,
    keys: new FixedKeys(KeySet.parse(jose, JSON.stringify({ keys: [jwk] }))),
    wanted: { alg, strategy: 'kid', use: 'verify' },
    rules: { issuer, audience, leewaySeconds: 1 },
    keyWaitMs: 1000,
    nowSeconds: () => Date.now() / 1000
  })
  const key = await jose.importJWK(jwk, alg)
  const options = { algorithms: [alg], issuer, audience, clockTolerance: 1 }
  return { token, ours, bare: one => jose.jwtVerify(one, key, options) }
}

async function time(verify, token) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < TOKENS; i++) await verify(token)
  return Number(process.hrtime.bigint() - start) / TOKENS / 1000
}

const median = list => list.toSorted((a, b) => a - b)[list.length >> 1]

console.log(
  `node ${process.version}, ${os.cpus()[0]?.model ?? 'unknown CPU'}; medians of ${ROUNDS} rounds of ${TOKENS} tokens, µs per token`
)
for (const alg of ['RS256', 'ES256', 'EdDSA']) {
  const { token, ours, bare } = await caseOf(alg)
  const times = { ours: [], bare: [] }
  for (let i = 0; i < ROUNDS + 2; i++) {
    // whoever comes first pays more of the collector's bill: they take turns
    const first = await time(i % 2 === 0 ? ours : bare, token)
    const second = await time(i % 2 === 0 ? bare : ours, token)
    const [a, b] = i % 2 === 0 ? [first, second] : [second, first]
    if (i < 2) continue
    times.ours.push(a)
    times.bare.push(b)
  }
  const [a, b] = [median(times.ours), median(times.bare)]
  const spread = list => `${Math.min(...list).toFixed(1)}–${Math.max(...list).toFixed(1)}`
  console.log(
    `${alg.padEnd(6)} validator ${a.toFixed(1)} (${spread(times.ours)})  jose ${b.toFixed(1)} (${spread(times.bare)})  ratio ${(a / b).toFixed(3)}`
  )
}
