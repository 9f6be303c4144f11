/** Points reach a server that speaks InfluxDB's line protocol; what it refuses is kept within bounds and told once. */

import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { type TestContext, test } from 'node:test'
import { ProxyStats, RouterStats } from '../../../../plugins/_shared/stats/registry.js'
import { RuntimeStats } from '../../../../plugins/_shared/stats/runtime-stats.js'
import { pointLine } from '../../../../plugins/telemetry/influx/line-protocol.js'
import { Points } from '../../../../plugins/telemetry/influx/points.js'
import { InfluxPusher } from '../../../../plugins/telemetry/influx/pusher.js'
import { openGateway } from '../../../support/open-gateway.js'
import { openUpstream } from '../../../support/upstream.js'
import { fetch, until } from '../../../support/waiting.js'
import { endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/influx'

test('a gateway sends what it counts, with KrakenD’s measurements', async t => {
  const influx = await openUpstream(t, (_, res) => res.writeHead(204).end())
  const upstream = await startUpstream(t)
  const { origin, gateway } = await openGateway(t, {
    endpoints: [endpoint('/x/{id}', upstream, { url: '/up/{id}' }), endpoint('/failed', NOWHERE)],
    extra_config: { [NAMESPACE]: { address: influx.origin, ttl: '100ms', db: 'a b', username: 'user', password: 'pass' } }
  })
  for (const path of ['/x/1', '/x/2', '/failed']) await (await fetch(origin + path)).text()
  const host = hostname()
  const wanted = new RegExp(`^responses,host=${host},name=/x/:id,status=200 total=2i,count=\\di \\d{10}$`, 'm')
  const { url, headers, body } = await until(() => influx.seen.find(one => wanted.test(one.body)), 'two answers counted')
  assert.equal(url, '/write?db=a%20b&precision=s')
  assert.equal(headers.authorization, `Basic ${Buffer.from('user:pass').toString('base64')}`)
  const pipe = `requests,host=${host},layer=pipe,name=/x/:id,complete=true,error=false`
  assert.match(body, new RegExp(`^${pipe} total=2i,count=\\di \\d+$`, 'm'))
  assert.match(body, new RegExp(`^${pipe} max=\\d+i,min=\\d+i,mean=\\d+i,stddev=\\d+i,variance=\\d+i,p0.1=[\\d.]+,`, 'm'))
  assert.match(body, new RegExp(`^requests,host=${host},layer=backend,name=/up/{{.Id}},complete=true,error=false total=2i`, 'm'))
  assert.match(body, new RegExp(`^router,host=${host},direction=in current=0i,gauge=\\di,total=\\di `, 'm'))
  assert.match(body, new RegExp(`^runtime,host=${host} NumThread=1i,MemStats.Alloc=\\d+i`, 'm'))
  assert.match(body, new RegExp(`^service.debug.GCStats.Pause,host=${host} max=`, 'm'))
  for (const line of body.trimEnd().split('\n')) assert.match(line, /^[^ ]+ [^ ]+ \d{10}$/)
  await gateway.close()
})

test('faults of the options are warnings, and never stop a start', async t => {
  const upstream = await startUpstream(t)
  for (const options of [
    {},
    { address: 'influx:8086' },
    { address: NOWHERE, ttl: 'soon' },
    { address: NOWHERE, buffer_size: '5' }
  ]) {
    const { gateway } = await openGateway(t, {
      endpoints: [endpoint('/a', upstream)],
      extra_config: { [NAMESPACE]: options }
    })
    const { problems } = gateway.config
    assert.deepEqual([...new Set(problems.map(({ level }) => level))], ['warning'], JSON.stringify(options))
    assert.ok(problems.every(({ pointer }) => pointer.startsWith('/extra_config/telemetry~1influx')))
    await gateway.close()
  }
})

test('points are escaped, and types of fields never change', () => {
  const tags = [
    ['na me', 'a,b=c d\n\\'],
    ['empty', '']
  ] as const
  assert.equal(
    pointLine(
      'm x',
      tags,
      [
        ['n', 1.6],
        ['f', 2, 'float'],
        ['nan', Number.NaN],
        ['big', 1e30]
      ],
      7
    ),
    'm\\ x,na\\ me=a\\,b\\=c\\ d\\  n=2i,f=2,big=9223372036854775807i 7\n'.replace('\\  n', '\\  n')
  )
  assert.equal(pointLine('m', [], [['nan', Number.NaN]], 7), '')
})

test('a snapshot says what came since the one before', () => {
  const proxy = new ProxyStats()
  const meter = proxy.meter('pipe', '/a')
  const points = new Points({ router: new RouterStats(), proxy, runtime: new RuntimeStats() }, [])
  meter(1, 'complete')
  meter(1, 'complete')
  assert.match(points.take(1), /^requests,layer=pipe,name=\/a,complete=true,error=false total=2i,count=2i 1$/m)
  meter(1, 'complete')
  assert.match(points.take(2), /^requests,layer=pipe,name=\/a,complete=true,error=false total=3i,count=1i 2$/m)
})

function pusherTo(t: TestContext, origin: string, bufferSize: number): { pusher: InfluxPusher; lines: string[] } {
  const lines: string[] = []
  const take = (text: string): void => void lines.push(text)
  const target = { address: new URL(origin), database: 'db', username: '', password: '', bufferSize }
  const pusher = new InfluxPusher(target, { warning: take, info: take })
  t.after(() => pusher.close())
  return { pusher, lines }
}

test('what InfluxDB refuses is kept up to the limit, sent later, and told once', async t => {
  let status = 500
  const influx = await openUpstream(t, (_, res) => res.writeHead(status).end('{"error":"full"}'))
  const { pusher, lines } = pusherTo(t, influx.origin, 2)
  for (const one of ['1\n', '2\n', '3\n']) await pusher.push(one)
  assert.deepEqual(lines, [`Couldn't write to server: 500 {"error":"full"}`])
  status = 204
  await pusher.push('4\n')
  assert.deepEqual(
    influx.seen.map(({ body }) => body),
    ['1\n', '2\n', '3\n', '4\n', '2\n3\n']
  )
  assert.deepEqual(lines.slice(1), ['InfluxDB takes points again, after 3 failures; 1 snapshots are lost'])
})

test('a snapshot never waits for the one before, and close ends what is under way', async t => {
  let answered = 0
  const influx = await openUpstream(t, () => void answered++)
  const { pusher, lines } = pusherTo(t, influx.origin, 1)
  const first = pusher.push('1\n')
  await until(() => answered === 1, 'the first snapshot on its way')
  await pusher.push('2\n')
  await pusher.push('3\n')
  assert.equal(influx.seen.length, 1)
  await pusher.close()
  await first
  assert.deepEqual(lines, [])
})
