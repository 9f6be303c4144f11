// The jobs of ../real-life.mjs by fastify and its plugins, as their READMEs show them: @fastify/jwt (with the cache of its verifier), cors, helmet,
// rate-limit, circuit-breaker, reply-from; ajv for the schema; undici for JSON, the merge and the cache. CEL is a line of JavaScript.
import { readFileSync } from 'node:fs'
import breaker from '@fastify/circuit-breaker'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import limit from '@fastify/rate-limit'
import replyFrom from '@fastify/reply-from'
import Fastify from 'fastify'
import { Agent, interceptors, Pool, request } from 'undici'

const { UPSTREAM, ISSUER, AUDIENCE, ORIGIN, RS_KEY, ES_KEY, SCHEMA, PORT } = process.env
const app = Fastify({ logger: false, keepAliveTimeout: 75_000 })

await app.register(cors, {
  origin: [ORIGIN],
  methods: ['GET', 'POST'],
  allowedHeaders: ['Authorization', 'Content-Type'],
  exposedHeaders: ['X-Request-Id'],
  credentials: true,
  maxAge: 3600
})
await app.register(helmet, {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'self'"] } },
  referrerPolicy: { policy: 'same-origin' },
  frameguard: { action: 'deny' }
})
await app.register(limit, { max: 10_000_000, timeWindow: '1 second' })
await app.register(breaker, { threshold: 5, timeout: 10_000, resetTimeout: 10_000 })
await app.register(replyFrom, { base: UPSTREAM, undici: { connections: 256 } })
const claims = { allowedIss: ISSUER, allowedAud: AUDIENCE }
for (const [namespace, file, algorithm] of [
  ['rs', RS_KEY, 'RS256'],
  ['es', ES_KEY, 'ES256']
]) {
  await app.register(jwt, {
    namespace,
    jwtVerify: `${namespace}Verify`,
    secret: { public: readFileSync(file, 'utf8') },
    verify: { algorithms: [algorithm], cache: true, ...claims }
  })
}

const pool = new Pool(UPSTREAM)
const caching = new Agent().compose(interceptors.cache())
const fetchJson = async path => (await pool.request({ method: 'GET', path })).body.json()

const guard = verify => async (req, reply) => {
  try {
    await req[verify]()
  } catch {
    return reply.code(401).send()
  }
  const { roles, tenant, sub } = req.user
  if (!roles.includes('admin')) return reply.code(403).send()
  if (!(tenant === 'acme' && sub !== undefined)) return reply.code(401).send()
}
const guarded = name => ({ onRequest: guard(`${name}Verify`), preHandler: app.circuitBreaker() })

app.get('/rs/150.txt', guarded('rs'), (_req, reply) => reply.from('/150.txt'))
app.get('/es/150.txt', guarded('es'), (_req, reply) => reply.from('/150.txt'))
app.get('/rs/json', guarded('rs'), () => fetchJson('/16k.json'))
app.get('/rs/merge', guarded('rs'), async () =>
  Object.assign({}, ...(await Promise.all([fetchJson('/a.json'), fetchJson('/b.json'), fetchJson('/c.json')])))
)
app.post('/rs/orders', { ...guarded('rs'), schema: { body: JSON.parse(SCHEMA) } }, (_req, reply) => reply.from('/upload'))
app.get('/rs/cached', guarded('rs'), async (_req, reply) => {
  const { headers, body } = await request(`${UPSTREAM}/cached/150.txt`, { dispatcher: caching })
  reply.header('content-type', headers['content-type'])
  return Buffer.from(await body.arrayBuffer())
})
await app.listen({ port: Number(PORT), host: '127.0.0.1' })
