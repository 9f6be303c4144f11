/** Interleaved rounds over the peers of one case. */
import { idleConnections, load } from './load.mjs'
import { machineTicks } from './machine.mjs'
import { startPeer } from './peers.mjs'
import { cpuBetween, cpuTimes, ownTicks, peakRss, stop } from './processes.mjs'
import { calmest, median } from './statistics.mjs'

/** Share of the machine that others may use in a round; above it the round is measured again. */
export const DISTURBED = 0.15

/** @typedef {{ cpu: number, busy: number, rate: number, p50: number, p99: number, p999: number }} Round cpu in µs per request, busy in processors, rate in requests/s, latencies in ms */
/** @typedef {{ requests: number, cpu: number }} Warming requests of a round of warming up, µs in all */
/** @typedef {{ name: string, rounds: Round[], warming: Warming[], rssMiB: number, startMs: number, discarded: number, disturbed: number }} Measured */

/**
 * Measures the peers of one case, in `starts` sets of fresh processes: one process may be slower than the next of the same program for all
 * its life. The rounds are spread over the sets. `one.warmFields` are sent while a process is warmed up, and not in the rounds. A peer may be
 * another one in another state: `of` names that peer, whose process it uses; `enter` and `leave` stand around its rounds, which are in turn then. With `together` the peers of a round are loaded at the same moment instead of in turn: on
 * one processor they get it by turns of a few ms, so whatever disturbs one disturbs the other as much. Latencies and rates are then those
 * of a shared processor.
 * @returns {Promise<Measured[]>}
 */
export async function measureCase(one, peers, { starts = 1, rounds, ...options }) {
  const sets = []
  for (let left = starts, open = rounds; left > 0 && open > 0; left--) {
    const share = Math.ceil(open / left)
    open -= share
    sets.push(await measureSet(one, peers, { ...options, rounds: share, turns: rounds - open - share }))
  }
  return peers.map((_, i) => joined(sets.map(set => set[i])))
}

/** s that starting a process takes, about. */
const START_SECONDS = 1

/** s that {@link measureCase} takes, about. */
export function expectedSeconds(peers, { starts = 1, rounds, seconds, warmup, together = false }) {
  return starts * peers * (warmup + START_SECONDS) + rounds * roundSeconds(peers, seconds, together)
}

const roundSeconds = (peers, seconds, together) => seconds * (together ? 1 : peers)

/** @param {Measured[]} parts the same peer in several processes */
function joined(parts) {
  const sum = key => parts.reduce((all, part) => all + part[key], 0)
  return {
    name: parts[0].name,
    rounds: parts.flatMap(part => part.rounds),
    warming: parts[0].warming,
    rssMiB: Math.max(...parts.map(part => part.rssMiB)),
    startMs: median(parts.map(part => part.startMs)),
    discarded: sum('discarded'),
    disturbed: sum('disturbed')
  }
}

/**
 * Starts every peer, has `check` look at what each responds, warms each up, then measures them in turn, round after round: forwards and backwards (ABBA), each pair of
 * rounds beginning with another peer; `turns` rounds went before. A round that others disturbed is measured again, each at most once on average; the calmest count.
 * @returns {Promise<Measured[]>}
 */
async function measureSet(
  one,
  peers,
  { upstream, folder, rounds, seconds, warmup, warm = WARM, turns, together = false, progress, check }
) {
  const running = []
  try {
    for (const peer of peers) {
      const shared = running.find(({ process }) => process.name === peer.of)
      if (shared !== undefined) {
        running.push({ process: shared.process, peer, isShared: true })
        continue
      }
      const each = { process: await startPeer(peer, upstream, folder), peer }
      running.push(each)
      await check?.(peer, each.process.port)
      if (one.idle !== undefined) each.close = await idleConnections(each.process.port, one.path, one.idle)
    }
    const { path, upload, json, fields, tokens } = one
    const options = { path, connections: one.connections ?? 64, upload, json, fields, tokens, folder }
    const hot = { ...options, fields: { ...fields, ...one.warmFields } }
    for (const each of running) {
      try {
        await each.peer.enter?.(each.process)
        each.warming = await warmUp(each.process, hot, { seconds: warmup, wanted: each.isShared ? WARM : warm })
        await each.peer.leave?.(each.process)
      } catch (cause) {
        throw new Error(`${each.process.name}: ${cause.message}`, { cause })
      }
      progress?.advance(warmup + START_SECONDS)
    }
    const all = []
    for (let calm = 0; calm < rounds && all.length < 2 * rounds; ) {
      const round = await measureRound(running, turns + all.length, { ...options, seconds, together })
      all.push(round)
      if (round.others <= DISTURBED) calm++
      if (all.length <= rounds) progress?.advance(roundSeconds(peers.length, seconds, together))
    }
    const { kept, discarded, disturbed } = calmest(all, rounds, DISTURBED)
    return running.map(({ process, peer, warming }, i) => ({
      name: peer.name,
      rounds: kept.map(round => round.figures[i]),
      warming,
      rssMiB: peakRss(process) / 2 ** 20,
      startMs: process.startMs,
      discarded,
      disturbed
    }))
  } finally {
    for (const { process, close } of running) {
      close?.()
      await stop(process)
    }
  }
}

/** Requests after which a program's hot code is compiled; on a busy machine `warmup` seconds alone bring too few. */
const WARM = 2000
/** Rounds of warming up at most, when requests are few: for {@link WARM}, and for more than that. */
const WARM_TURNS = 3
const MORE_WARM_TURNS = 12

/** @returns {Promise<Warming[]>} */
async function warmUp(process, options, { seconds, wanted }) {
  const most = wanted > WARM ? MORE_WARM_TURNS : WARM_TURNS
  const rounds = []
  for (let requests = 0; rounds.length < most && requests < wanted; requests += rounds.at(-1).requests) {
    const before = cpuTimes(process)
    const done = await load({ ...options, port: process.port, seconds })
    rounds.push({ requests: done.requests, cpu: cpuBetween(before, cpuTimes(process)) })
  }
  return rounds
}

/** One round over all, in turn or together: their figures, and the largest share of the machine that others took beside one of them. */
async function measureRound(running, number, { together, ...options }) {
  const measured = ({ process }) => measureLoad(process, options)
  if (together) {
    const { value: figures, others } = await beside(() => Promise.all(running.map(measured)))
    return { figures, others }
  }
  const figures = []
  let most = 0
  for (const i of turn(running.length, number)) {
    const { peer, process } = running[i]
    await peer.enter?.(process)
    const { value, others } = await beside(() => measured(running[i]))
    await peer.leave?.(process)
    figures[i] = value
    most = Math.max(most, others)
  }
  return { figures, others: most }
}

/** Does `work`; returns what came of it and the share of the machine that others took meanwhile. */
async function beside(work) {
  const machineBefore = machineTicks()
  const ownBefore = ownTicks()
  const value = await work()
  const machineAfter = machineTicks()
  const ofOthers = machineAfter.busy - machineBefore.busy - (ownTicks() - ownBefore)
  return { value, others: ofOthers / (machineAfter.all - machineBefore.all) }
}

/** @returns {Promise<Round>} */
async function measureLoad(process, options) {
  const before = cpuTimes(process)
  const began = performance.now()
  const done = await load({ ...options, port: process.port })
  const cpu = cpuBetween(before, cpuTimes(process))
  const tookMicros = (performance.now() - began) * 1000
  return {
    cpu: cpu / done.requests,
    busy: cpu / tookMicros,
    rate: done.requests / done.seconds,
    p50: done.p50,
    p99: done.p99,
    p999: done.p999
  }
}

/** The order of one round: 012 210 120 021 201 102 for three. */
export function turn(count, round) {
  const first = (round >> 1) % count
  const order = Array.from({ length: count }, (_, i) => (first + i) % count)
  return round % 2 === 0 ? order : order.reverse()
}
