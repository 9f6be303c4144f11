// What a token costs in `auth/validator` and `auth/signer`: fresh ones and known ones, against jose with the same key at hand, and the
// same signature by the thread pool. Each verification includes spelling, header and claims; jose's its own checks.
// Run: node --conditions=sluice-source --import tsx bench/jwt.mjs
import { KeyObject } from 'node:crypto'
import os from 'node:os'
import * as jose from 'jose'
import { ALGORITHMS, KeySet } from '../plugins/_shared/keys/key-set.js'
import { FixedKeys } from '../plugins/_shared/keys/key-source.js'
import { SignatureKey } from '../plugins/_shared/keys/signature.js'
import { TokenMemory } from '../plugins/auth/validator/token-memory.js'
import { TokenVerifier } from '../plugins/auth/validator/verify.js'
import { readSimple } from './peers/options.mjs'

const { rounds: ROUNDS } = readSimple(
  { rounds: { as: 'count', default: '5', text: 'rounds of each algorithm' } },
  'bench/jwt.mjs: CPU µs per token in auth/validator and auth/signer, fresh and known, beside jose.'
)
/** ms for one column in one round, about. */
const ROUND_MS = 30
const TOKENS = 100
const nowSeconds = () => Date.now() / 1000
const rules = { issuer: 'https://issuer.test', audience: ['aud-1'], leewaySeconds: 1 }
const CLAIMS = { iss: rules.issuer, aud: 'aud-1', sub: 'user-1', roles: ['admin', 'user'], scope: 'read write' }

async function keysOf(alg) {
  if (!alg.startsWith('HS')) return jose.generateKeyPair(alg, { extractable: true })
  const secret = await jose.generateSecret(alg, { extractable: true })
  return { privateKey: secret, publicKey: secret }
}

/** Functions from a token, or from nothing, whose time is taken. */
async function columnsOf(alg) {
  const { privateKey, publicKey } = await keysOf(alg)
  const set = new KeySet(jose, [{ ...(await jose.exportJWK(publicKey)), kid: 'k', alg }])
  const wanted = { alg, strategy: 'kid', use: 'verify' }
  await set.slot('k', wanted).ready
  const options = { keys: new FixedKeys(set), wanted, rules, keyWaitMs: 1000, nowSeconds }
  const fresh = new TokenVerifier({ ...options, memory: undefined })
  const memory = await TokenMemory.open({ ...options, maxBytes: 1e8 })
  const known = new TokenVerifier({ ...options, memory })
  const pooled = new SignatureKey(KeyObject.from(publicKey), alg, 0)
  const signer = new SignatureKey(KeyObject.from(privateKey), alg, Number.POSITIVE_INFINITY)
  const tokens = []
  for (let i = 0; i < TOKENS; i++) {
    const token = new jose.SignJWT({ ...CLAIMS, jti: `${i}` }).setProtectedHeader({ alg, kid: 'k', typ: 'JWT' })
    tokens.push(await token.setIssuedAt().setExpirationTime('1h').sign(privateKey))
  }
  const payload = Buffer.from(JSON.stringify(CLAIMS))
  const { issuer, audience } = rules
  return {
    tokens,
    close: () => memory.close(),
    columns: {
      known: token => known.verify(token),
      fresh: token => fresh.verify(token),
      jose: token => jose.jwtVerify(token, publicKey, { algorithms: [alg], issuer, audience, clockTolerance: 1 }),
      pool: token => {
        const end = token.lastIndexOf('.')
        return pooled.verify(Buffer.from(token.slice(0, end), 'latin1'), Buffer.from(token.slice(end + 1), 'base64url'))
      },
      sign: () => signer.sign(payload),
      'sign, jose': () => new jose.CompactSign(payload).setProtectedHeader({ alg, kid: 'k' }).sign(privateKey)
    }
  }
}

/** CPU µs per call, of all threads: what other programs take meanwhile does not count. */
async function time(call, tokens) {
  const until = performance.now() + ROUND_MS
  const before = process.cpuUsage()
  let calls = 0
  do {
    for (const token of tokens) {
      const made = call(token)
      if (made instanceof Promise) await made
    }
    calls += tokens.length
  } while (performance.now() < until)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

const median = list => list.toSorted((a, b) => a - b)[list.length >> 1]

console.log(
  `node ${process.version}, ${os.cpus()[0]?.model ?? 'unknown CPU'}; CPU µs per token, medians of ${ROUNDS} rounds (lowest–highest)`
)
for (const alg of ALGORITHMS) {
  const { tokens, columns, close } = await columnsOf(alg)
  const times = Object.fromEntries(Object.keys(columns).map(name => [name, []]))
  const few = tokens.slice(0, 10)
  for (let i = 0; i <= ROUNDS; i++) {
    for (const [name, call] of Object.entries(columns)) {
      const took = await time(call, few)
      if (i > 0) times[name].push(took)
    }
  }
  close()
  const cells = Object.entries(times).map(
    ([name, list]) => `${name} ${median(list).toFixed(1)} (${Math.min(...list).toFixed(1)}–${Math.max(...list).toFixed(1)})`
  )
  console.log(`${alg.padEnd(6)} ${cells.join('  ')}`)
}
