/** Servers that hang, refuse, break off, or say what no Redis says. */

import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type KeptLines, openGateway } from '../../support/open-gateway.js'
import { until } from '../../support/waiting.js'
import { build, endpoint, startUpstream } from '../scripted-upstream.js'
import { afterLogin, type OddRedis, oddRedis, type Reply } from './odd-redis.js'

/** The three things a limit can do without an answer, and a cache. */
async function ask(
  t: TestContext,
  odd: OddRedis,
  timeout = '10s'
): Promise<{ statuses: Record<string, number>; log: KeptLines }> {
  const host = await startUpstream(t)
  const limit = (more: object): object => ({
    extra: { 'qos/ratelimit/router/redis': { connection_name: 'pool', max_rate: 2, capacity: 2, every: '1h', ...more } }
  })
  const { gateway, log } = await build(t, {
    extra_config: { redis: { connection_pools: [{ name: 'pool', address: odd.address, timeout }] } },
    endpoints: [
      endpoint('/closed', host, limit({})),
      endpoint('/open', host, limit({ on_failure_allow: true })),
      endpoint('/local', host, limit({ local_fallback: true })),
      endpoint('/cached', host, { backendExtra: { 'qos/http-cache': { connection_name: 'pool' } } })
    ]
  })
  const statuses: Record<string, number> = {}
  for (let round = 0; round < 5; round++)
    for (const path of ['/closed', '/open', '/local', '/cached']) statuses[path] = (await gateway.request(path)).status
  return { statuses, log }
}

const refuses = (text: string): Reply => afterLogin(`-${text}\r\n`)
const cuts: Reply = afterLogin(socket => {
  socket.write('*1\r\n:')
  socket.end()
})
const always =
  (text: string): Reply =>
  socket =>
    void socket.write(text)

const LATE = /no answer within 50 ms/

const SERVERS: readonly (readonly [what: string, reply: Reply, said: RegExp])[] = [
  ['says nothing at all', () => {}, LATE],
  ['hangs after the login', afterLogin(() => {}), LATE],
  ['is loading its data', always('-LOADING Redis is loading the dataset in memory\r\n'), /LOADING/],
  ['wants a login', refuses('NOAUTH Authentication required.'), /NOAUTH/],
  ['is a replica', refuses("READONLY You can't write against a read only replica."), /READONLY/],
  ['is a replica without its master', refuses('MASTERDOWN Link with MASTER is down'), /MASTERDOWN/],
  ['belongs to a cluster', refuses('MOVED 3999 127.0.0.1:6381'), /MOVED/],
  ['is moving its keys', refuses('ASK 3999 127.0.0.1:6381'), /ASK/],
  ['has no memory', refuses("OOM command not allowed when used memory > 'maxmemory'."), /OOM/],
  ['never knows a script', refuses('NOSCRIPT No matching script.'), /NOSCRIPT/],
  ['speaks HTTP', always('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak as a Redis does/],
  ['sends garbage after the login', afterLogin('?what\r\n'), /does not speak as a Redis does/],
  ['nests answers without end', afterLogin('*1\r\n'.repeat(50_000)), /does not speak as a Redis does/],
  ['answers with null', afterLogin('$-1\r\n'), /something else than the script/],
  ['answers with texts', afterLogin('*1\r\n$3\r\nabc\r\n'), /something else than the script/],
  ['answers with errors in a list', afterLogin('*1\r\n-ERR unknown\r\n'), /something else than the script/],
  ['answers with numbers that are none', afterLogin('*1\r\n:-5\r\n'), /something else than the script/],
  ['announces a huge answer', afterLogin('$536870912\r\nabc'), LATE],
  ['closes each connection', socket => void socket.destroy(), /connection was closed|no connection|ECONNRESET/],
  ['breaks off in an answer', cuts, /connection was closed|no connection|ECONNRESET/]
]

for (const [what, reply, said] of SERVERS) {
  test(`a server that ${what}: each limit does what it says, and the log says it once`, async t => {
    const timeout = said === LATE ? '50ms' : '10s'
    const { statuses, log } = await ask(t, await oddRedis(t, reply), timeout)
    assert.deepEqual(statuses, { '/closed': 503, '/open': 200, '/local': 503, '/cached': 200 })
    const errors = log.lines.filter(line => /ERROR/.test(line))
    assert.ok(errors.length >= 1 && errors.length <= 3, log.text)
    assert.match(errors.join('\n'), said)
  })
}

test('a server that sends what was not asked for loses the connection: replies would be those of other commands', async t => {
  const odd = await oddRedis(t, afterLogin('*1\r\n:0\r\n*1\r\n:0\r\n'))
  const { log } = await ask(t, odd)
  await log.line(/DEBUG.*the server sends what was not asked for/)
  await until(() => odd.connections > 1, 'a second connection')
})

test('an answer without end is given up, in the login and after it', async t => {
  for (const reply of [endless('$99999999999\r\n'), afterLogin(endless('$99999999999\r\n'))]) {
    const odd = await oddRedis(t, reply)
    await ask(t, odd, '50ms')
    await until(() => odd.connections > 1, 'a second connection')
  }
})

/** Sends bytes as long as they are read. */
function endless(head: string): Reply {
  const block = Buffer.alloc(65_536, 'x')
  return socket => {
    socket.write(head)
    const pump = (): void => {
      while (!socket.destroyed && socket.write(block));
    }
    socket.on('drain', pump)
    pump()
  }
}

const REVOKER = {
  N: 1000,
  P: 1e-4,
  hash_name: 'optimal',
  TTL: 60,
  token_keys: ['jti'],
  connection_name: 'pool'
}

test('a subscription survives connections that break while it is made, and refusals', async t => {
  const unhandled: unknown[] = []
  const listen = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', listen)
  t.after(() => process.off('unhandledRejection', listen))
  const answers = [
    (socket: Socket) => socket.destroy(),
    (socket: Socket) => socket.write('-NOPERM no access\r\n'),
    (socket: Socket, channel: string) => {
      confirm(socket, channel)
      socket.end()
    },
    (socket: Socket) => socket.write('-LOADING not yet\r\n')
  ]
  let listening: Socket | undefined
  const odd = await oddRedis(
    t,
    afterLogin((socket, [name, channel]) => {
      if (name!.toLowerCase() !== 'subscribe') return void socket.write('*1\r\n*1\r\n$1\r\n0\r\n')
      const answer = answers.shift()
      if (answer !== undefined) return void answer(socket, channel!)
      confirm(socket, channel!)
      listening = socket
    })
  )
  await openGateway(t, {
    name: 'shared',
    extra_config: { redis: { connection_pools: [{ name: 'pool', address: odd.address }] }, 'auth/revoker': REVOKER },
    endpoints: [endpoint('/a', await startUpstream(t))]
  })
  await until(() => listening, 'the subscription that holds')
  assert.equal(answers.length, 0)
  assert.deepEqual(unhandled, [])
})

function confirm(socket: Socket, channel: string): void {
  socket.write(`*3\r\n$9\r\nsubscribe\r\n$${channel.length}\r\n${channel}\r\n:1\r\n`)
}
