import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { Resolver, type SrvRecord } from 'node:dns'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { createSrvBalancer, resolveWith, selectHosts } from '../../src/backend/dns-srv.js'
import { once, within } from '../support/waiting.js'

const srv = (name: string, port: number, priority = 0, weight = 1): SrvRecord => ({ name, port, priority, weight })
const hosts = (records: SrvRecord[]) => selectHosts(records, { scheme: 'http' })

describe('selectHosts', () => {
  it('keeps the lowest priority only', () => {
    assert.deepEqual(hosts([srv('b', 1, 20), srv('a', 1, 10), srv('c', 1, 30)]), ['http://a:1'])
  })

  it('repeats a target as often as its weight says, divided by what the weights share', () => {
    assert.deepEqual(hosts([srv('a', 1, 0, 20), srv('b', 1, 0, 40)]), ['http://b:1', 'http://b:1', 'http://a:1'])
  })

  it('scales large weights down to a hundred places and loses no host', () => {
    const list = hosts([srv('big', 1, 0, 60000), srv('small', 1, 0, 5)])
    assert.ok(list.length <= 101)
    assert.equal(list.filter(host => host === 'http://small:1').length, 1)
  })

  it('gives equal shares when every weight is 0', () => {
    assert.deepEqual(hosts([srv('b', 2, 0, 0), srv('a', 1, 0, 0), srv('a', 3, 0, 0)]), ['http://a:1', 'http://a:3', 'http://b:2'])
  })

  it('leaves weight 0 out beside others', () => {
    assert.deepEqual(hosts([srv('a', 1, 0, 0), srv('b', 1, 0, 7)]), ['http://b:1'])
  })

  it('removes the final dot and skips what is no host name', () => {
    assert.deepEqual(hosts([srv('a.example.', 1), srv('.', 1), srv('', 1), srv('x/y@evil', 1)]), ['http://a.example:1'])
  })

  it('uses the scheme it is given', () => {
    assert.deepEqual(selectHosts([srv('a', 1)], { scheme: 'https' }), ['https://a:1'])
  })
})

/** A resolver that returns what the test gives it, one lookup after the other. */
function scripted() {
  const waiting: { resolve: (records: SrvRecord[]) => void; reject: (error: Error) => void }[] = []
  let called: () => void = () => {}
  return {
    lookups: 0,
    resolve() {
      this.lookups++
      return new Promise<SrvRecord[]>((resolve, reject) => {
        waiting.push({ resolve, reject })
        called()
      })
    },
    async next() {
      if (waiting.length === 0) await within('a lookup', new Promise<void>(resolve => (called = resolve)))
      return waiting.shift()!
    }
  }
}

describe('createSrvBalancer', () => {
  it('has no host until the first lookup succeeds and follows later ones', async t => {
    const dns = scripted()
    const errors: string[] = []
    const balancer = createSrvBalancer({
      name: '_x._tcp.test',
      scheme: 'http',
      ttlMs: 1,
      resolve: () => dns.resolve(),
      onError: error => errors.push(error.message)
    })
    t.after(() => balancer.close())
    assert.equal(balancer.next(), undefined)
    ;(await dns.next()).reject(new Error('first'))
    await balancer.ready
    assert.equal(balancer.next(), undefined)
    ;(await dns.next()).resolve([srv('a', 1)])
    const third = await dns.next()
    assert.equal(balancer.next(), 'http://a:1')
    third.reject(new Error('third'))
    const fourth = await dns.next()
    assert.equal(balancer.next(), 'http://a:1', 'a failed lookup keeps the list')
    fourth.resolve([])
    const fifth = await dns.next()
    assert.equal(balancer.next(), 'http://a:1', 'an empty answer keeps the list')
    fifth.resolve([srv('b', 2)])
    await dns.next()
    assert.equal(balancer.next(), 'http://b:2')
    assert.deepEqual(errors, ['first', 'third', 'no SRV records for _x._tcp.test'])
  })

  it('goes on with its turn when the records did not change', async t => {
    const dns = scripted()
    const balancer = createSrvBalancer({
      name: 'n',
      scheme: 'http',
      ttlMs: 1,
      resolve: () => dns.resolve(),
      cpus: 1,
      random: () => 0
    })
    t.after(() => balancer.close())
    ;(await dns.next()).resolve([srv('a', 1), srv('b', 1)])
    await balancer.ready
    assert.equal(balancer.next(), 'http://a:1')
    ;(await dns.next()).resolve([srv('b', 1), srv('a', 1)])
    await dns.next()
    assert.equal(balancer.next(), 'http://b:1')
  })

  it('shuffles a list of more than a hundred places', async () => {
    const records = Array.from({ length: 101 }, (_, i) => srv(`h${i}`, 1))
    const balancer = createSrvBalancer({
      name: 'n',
      scheme: 'http',
      ttlMs: 1000,
      resolve: async () => records,
      cpus: 1,
      random: () => 0
    })
    await balancer.ready
    balancer.close()
    const seen = Array.from({ length: 101 }, () => balancer.next())
    assert.equal(new Set(seen).size, 101)
    assert.notDeepEqual(seen, selectHosts(records, { scheme: 'http' }))
  })

  it('looks nothing up after close and drops an answer that comes late', async () => {
    const dns = scripted()
    const balancer = createSrvBalancer({ name: 'n', scheme: 'http', ttlMs: 1, resolve: () => dns.resolve() })
    const first = await dns.next()
    balancer.close()
    first.resolve([srv('late', 1)])
    await balancer.ready
    assert.equal(balancer.next(), undefined)
    assert.equal(dns.lookups, 1)
  })

  it('reads records from a DNS server', async t => {
    const server = createSocket('udp4')
    t.after(() => server.close())
    server.on('message', (query, from) => server.send(answerTo(query), from.port, from.address))
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${(server.address() as AddressInfo).port}`])
    const balancer = createSrvBalancer({
      name: '_http._tcp.api.test',
      scheme: 'https',
      ttlMs: 60_000,
      resolve: resolveWith(resolver),
      cpus: 1,
      random: () => 0
    })
    await balancer.ready
    balancer.close()
    assert.deepEqual(
      [balancer.next(), balancer.next(), balancer.next()],
      ['https://node1.test:8443', 'https://node1.test:8443', 'https://node2.test:8444']
    )
  })

  it('tells of a server that has no such name, through its own resolver too', async t => {
    const server = createSocket('udp4')
    t.after(() => server.close())
    server.on('message', (query, from) => {
      query.writeUInt16BE(0x8183, 2) // NXDOMAIN
      server.send(query, from.port, from.address)
    })
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${(server.address() as AddressInfo).port}`])
    const errors: NodeJS.ErrnoException[] = []
    const balancer = createSrvBalancer({
      name: 'gone.test',
      scheme: 'http',
      ttlMs: 60_000,
      resolve: resolveWith(resolver),
      onError: e => errors.push(e)
    })
    await balancer.ready
    balancer.close()
    assert.equal(balancer.next(), undefined)
    assert.equal(errors[0]?.code, 'ENOTFOUND')
  })

  it('gives up its own lookup when it is closed', async () => {
    const balancer = createSrvBalancer({ name: '_x._tcp.invalid', scheme: 'http', ttlMs: 60_000 })
    balancer.close()
    await balancer.ready
    assert.equal(balancer.next(), undefined)
  })
})

/** Sends three SRV records for any query: two of priority 1, one that must not be used. */
function answerTo(query: Buffer): Buffer {
  const question = query.subarray(12, query.indexOf(0, 12) + 5)
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8180, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(3, 6)
  const records = [record(1, 20, 8443, 'node1.test'), record(1, 10, 8444, 'node2.test'), record(5, 10, 8445, 'spare.test')]
  return Buffer.concat([head, question, ...records])
}

function record(priority: number, weight: number, port: number, target: string): Buffer {
  const name = Buffer.concat([
    ...target.split('.').map(label => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0])
  ])
  const out = Buffer.alloc(18)
  out.writeUInt16BE(0xc00c, 0)
  out.writeUInt16BE(33, 2)
  out.writeUInt16BE(1, 4)
  out.writeUInt32BE(60, 6)
  out.writeUInt16BE(6 + name.length, 10)
  out.writeUInt16BE(priority, 12)
  out.writeUInt16BE(weight, 14)
  out.writeUInt16BE(port, 16)
  return Buffer.concat([out, name])
}
