/** One exchange's plugins without sockets: a response of the upstream goes through them, its body is read to the end. */
import path from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { Bench } from 'tinybench'
import { sluiceCli } from '../peers/peers.mjs'
import { responsesOf } from './plugins.mjs'

const { GatewayResponse } = await import(pathToFileURL(path.join(path.dirname(sluiceCli), 'plugin', 'index.js')).href)

/** Bodies come in pieces of this size, as sockets give them. */
const PIECE = 64 * 1024

function* pieces(bytes) {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE)
}

async function exchange(bytes, responses) {
  const response = new GatewayResponse({ headers: { 'Content-Type': 'application/json' } })
  response.body.set(bytes.length <= PIECE ? bytes : Readable.from(pieces(bytes), { objectMode: false }))
  for (const one of responses) await one(response)
  return response.body.buffer()
}

/** @returns {Promise<{ kind: string, size: string, count: number, micros: Record<string, number> }>} median µs of an exchange, by variant */
export async function measureInProcess(kind, size, bytes, count, variants, milliseconds) {
  const bench = new Bench({ time: milliseconds, iterations: 10, warmupTime: milliseconds / 4, warmupIterations: 3, throws: true })
  for (const variant of variants) {
    const responses = responsesOf(kind, variant, count)
    bench.add(variant, () => exchange(bytes, responses))
  }
  await bench.run()
  const micros = {}
  for (const task of bench.tasks) micros[task.name] = task.result.latency.p50 * 1000
  return { kind, size, count, micros }
}
