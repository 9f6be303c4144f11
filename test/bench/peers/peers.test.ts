/** KrakenD in `bench:peers`, by a program that behaves like it: each case starts it with a file that has the case's endpoint. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
// @ts-expect-error JavaScript without declarations
import { CASES } from '../../../bench/peers/cases.mjs'
// @ts-expect-error JavaScript without declarations
import { stop } from '../../../bench/peers/processes.mjs'
// @ts-expect-error JavaScript without declarations
import { prepareReal } from '../../../bench/peers/real-life.mjs'
import { LIMIT_MS } from '../../support/waiting.js'

interface Peer {
  readonly name: string
  does(kind: string): boolean
  prepare(at: object): { command: string[] }
}

/** Namespaces of the community edition that the cases use. */
const NAMESPACES = new Set([
  'router',
  'telemetry/logging',
  'security/cors',
  'security/http',
  'auth/validator',
  'qos/ratelimit/router',
  'qos/circuit-breaker',
  'qos/http-cache',
  'validation/cel',
  'validation/json-schema'
])

process.env.BENCH_KRAKEND = path.join(import.meta.dirname, 'fake-krakend.mjs')
// it reads the environment when it is loaded
// @ts-expect-error JavaScript without declarations
const { peers, startPeer } = await import('../../../bench/peers/peers.mjs')
const krakends = (peers() as Peer[]).filter(peer => peer.name.startsWith('KrakenD'))

function namespacesOf(value: unknown, into = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return into
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'extra_config') for (const name of Object.keys(inner)) into.add(name)
    namespacesOf(inner, into)
  }
  return into
}

for (const kind of new Set<string>(CASES.map((one: { kind: string }) => one.kind))) {
  test(`KrakenD is started with the endpoints of ${kind}`, async t => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bench-krakend-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const cases = prepareReal(
      CASES.filter((one: { kind: string; fresh?: boolean }) => one.kind === kind && one.fresh !== true),
      folder
    )
    const taking = krakends.filter(peer => peer.does(kind))
    assert.notEqual(taking.length, 0)
    for (const peer of taking) {
      const running = await startPeer(peer, 'http://127.0.0.1:1', folder)
      t.after(() => stop(running))
      for (const one of cases) {
        const method = one.upload === undefined && one.json === undefined ? 'GET' : 'POST'
        const { status } = await fetch(`http://127.0.0.1:${running.port}${one.path}`, {
          method,
          signal: AbortSignal.timeout(LIMIT_MS)
        })
        assert.equal(status, 200, `${peer.name}: ${method} ${one.path}`)
      }
      const { command } = peer.prepare({ port: 1, upstream: 'http://127.0.0.1:2', folder })
      const config = JSON.parse(readFileSync(command.at(-1)!, 'utf8'))
      assert.deepEqual([config.port, config.endpoints[0].backend[0].host], [1, ['http://127.0.0.1:2']])
      for (const name of namespacesOf(config)) assert.ok(NAMESPACES.has(name), `${peer.name}: ${name}`)
    }
  })
}
