import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'node:test'
import { cpuCount, createBalancer } from '../../src/backend/balancer.js'

const take = (balancer: { next(): string | undefined }, n: number) => Array.from({ length: n }, () => balancer.next())

describe('createBalancer', () => {
  it('answers the only host without drawing', () => {
    const balancer = createBalancer(['http://a'], { random: () => assert.fail('drew') })
    assert.deepEqual(take(balancer, 3), ['http://a', 'http://a', 'http://a'])
  })

  it('returns undefined when there is no host', () => {
    assert.equal(createBalancer([]).next(), undefined)
  })

  it('takes turns from a random start on one CPU', () => {
    const balancer = createBalancer(['a', 'b', 'c'], { cpus: 1, random: () => 0.5 })
    assert.deepEqual(take(balancer, 7), ['b', 'c', 'a', 'b', 'c', 'a', 'b'])
  })

  it('draws each host at random on several CPUs', () => {
    const draws = [0, 0.99, 0.4, 0.4]
    const balancer = createBalancer(['a', 'b', 'c'], { cpus: 2, random: () => draws.shift()! })
    assert.deepEqual(take(balancer, 4), ['a', 'c', 'b', 'b'])
  })

  it('gives a host that is listed twice twice the share', () => {
    const balancer = createBalancer(['a', 'a', 'b'], { cpus: 1, random: () => 0 })
    assert.deepEqual(take(balancer, 6).filter(host => host === 'a').length, 4)
  })

  it('reaches every host with its own random source', () => {
    const balancer = createBalancer(['a', 'b'], { cpus: 2 })
    assert.deepEqual([...new Set(take(balancer, 200))].sort(), ['a', 'b'])
  })
})

describe('cpuCount', () => {
  it('honours GOMAXPROCS when it is a positive number', () => {
    assert.equal(cpuCount({ GOMAXPROCS: '1' }), 1)
    assert.equal(cpuCount({ GOMAXPROCS: '3' }), 3)
  })

  it('asks the system otherwise', () => {
    for (const value of [undefined, '', '0', '-2', 'many', '1.5'])
      assert.equal(cpuCount({ GOMAXPROCS: value }), availableParallelism())
  })
})
