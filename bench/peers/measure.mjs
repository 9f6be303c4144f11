/** Interleaved rounds over the peers of one case, and the arithmetic of their figures. */
import { idleConnections, load } from './load.mjs'
import { startPeer } from './peers.mjs'
import { cpuMicros, peakRss, stop } from './processes.mjs'

/** @typedef {{ cpu: number, rate: number, p50: number, p99: number }} Round cpu in µs per request, rate in requests/s, latencies in ms */
/** @typedef {{ name: string, rounds: Round[], rssMiB: number, startMs: number }} Measured */

/**
 * Starts every peer, warms each up, then measures them in turn, round after round, the order turned by one each time.
 * @returns {Promise<Measured[]>}
 */
export async function measureCase(one, peers, { upstream, folder, rounds, seconds, warmup }) {
  const running = []
  try {
    for (const peer of peers) {
      const process = await startPeer(peer, upstream, folder)
      const close = one.idle === undefined ? undefined : await idleConnections(process.port, one.path, one.idle)
      running.push({ process, close, measured: { name: peer.name, rounds: [], rssMiB: 0, startMs: process.startMs } })
    }
    const options = { path: one.path, connections: one.connections ?? 64, upload: one.upload, fields: one.fields, folder }
    for (const { process } of running) {
      try {
        await load({ ...options, port: process.port, seconds: warmup })
      } catch (cause) {
        throw new Error(`${process.name}: ${cause.message}`, { cause })
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < running.length; i++) {
        const { process, measured } = running[(i + round) % running.length]
        const before = cpuMicros(process)
        const done = await load({ ...options, port: process.port, seconds })
        const cpu = (cpuMicros(process) - before) / done.requests
        measured.rounds.push({ cpu, rate: done.requests / done.seconds, p50: done.p50, p99: done.p99 })
      }
    }
    for (const { process, measured } of running) measured.rssMiB = peakRss(process) / 2 ** 20
    return running.map(({ measured }) => measured)
  } finally {
    for (const { process, close } of running) {
      close?.()
      await stop(process)
    }
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Median and range of the ratios of two peers, round by round: what both suffered in a round cancels out. */
export function ratio(measured, base) {
  const ratios = measured.rounds.map((round, i) => round.cpu / base.rounds[i].cpu)
  return { median: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) }
}
