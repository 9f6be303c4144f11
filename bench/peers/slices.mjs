/**
 * Comparisons in short slices: for machines that are never calm. The programs are loaded in turn for a fraction of a second each:
 * what disturbs one disturbs its neighbours. The slices are many. What a program does between its slices counts too.
 */
import { connect } from 'node:net'
import { turn } from './measure.mjs'
import { startPeer } from './peers.mjs'
import { cpuBetween, cpuTimes, stop } from './processes.mjs'

const CONNECTIONS = 32
/** s that starting a process and warming it up takes, about. */
const START_SECONDS = 5

/** s that {@link measureSlices} takes, about. */
export const sliceSeconds = (peers, { starts, slices, sliceMs }) =>
  (peers * (starts * START_SECONDS * 1000 + slices * sliceMs)) / 1000

/**
 * Measures the peers of one case over `slices` slices of each, spread over `starts` sets of fresh processes. `one.warmFields` are sent while
 * processes are warmed up, with `warm` requests each, and not afterwards. With `together` the peers are loaded at the same moment: they get the
 * processor by turns of a few ms, and find the caches full of each other's. Ratios are steadier then, and what they cost is more than alone.
 * @returns {Promise<{ name: string, rounds: { cpu: number }[] }[]>} CPU in µs per request
 */
export async function measureSlices(one, peers, { starts, slices, ...options }) {
  const all = peers.map(({ name }) => ({ name, rounds: [] }))
  for (let set = 0; set < starts; set++) {
    const share = Math.ceil((slices - all[0].rounds.length) / (starts - set))
    const measured = await measureSet(one, peers, { ...options, slices: share })
    all.forEach(({ rounds }, i) => void rounds.push(...measured[i]))
  }
  return all
}

async function measureSet(one, peers, { upstream, folder, slices, sliceMs, warm, together = false, progress }) {
  const running = []
  try {
    for (const peer of peers) {
      const process = await startPeer(peer, upstream, folder)
      const each = { process, load: undefined, cpu: undefined, requests: 0, rounds: [] }
      running.push(each)
      const hot = await Client.open(process.port, one.path, one.warmFields)
      for (let done = 0; done < warm; ) done += await hot.burst(sliceMs)
      hot.close()
      each.load = await Client.open(process.port, one.path)
      await each.load.burst(sliceMs)
      progress?.advance(START_SECONDS)
    }
    for (let n = 0; n <= slices; n++) {
      const order = turn(running.length, n).map(i => running[i])
      for (const group of together ? [order] : order.map(each => [each])) {
        for (const each of group) close(each)
        await Promise.all(group.map(each => burst(each, sliceMs * group.length)))
        progress?.advance((sliceMs * group.length) / 1000)
      }
    }
    return running.map(({ rounds }) => rounds)
  } finally {
    for (const { process, load } of running) {
      load?.close()
      await stop(process)
    }
  }
}

/** Counts the slice that ended last, with what was done since: there is none before the first. */
function close(each) {
  const cpu = cpuTimes(each.process)
  if (each.cpu !== undefined) each.rounds.push({ cpu: cpuBetween(each.cpu, cpu) / each.requests })
  each.cpu = cpu
}

async function burst(each, ms) {
  each.requests = await each.load.burst(ms)
}

/** Connections that ask for one path again and again. All responses have the length of the first, or come in chunks as it did. */
class Client {
  #sockets = []
  /** bytes, head included; undefined = in chunks. */
  #length
  #text

  constructor(path, fields) {
    const lines = Object.entries({ 'User-Agent': 'bench/1', Accept: '*/*', ...fields }).map(
      ([name, value]) => `${name}: ${value}\r\n`
    )
    this.#text = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join('')}\r\n`
  }

  static async open(port, path, fields) {
    const client = new Client(path, fields)
    try {
      for (let i = 0; i < CONNECTIONS; i++) client.#sockets.push(await opened(port))
      const [first] = client.#sockets
      first.write(client.#text)
      client.#length = await lengthOfResponse(first)
    } catch (cause) {
      client.close()
      throw cause
    }
    return client
  }

  /** Asks for `ms`, and returns the number of requests when all have their responses. */
  async burst(ms) {
    const end = performance.now() + ms
    const counts = await Promise.all(this.#sockets.map(socket => this.#askUntil(socket, end)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  #askUntil(socket, end) {
    return new Promise((resolve, reject) => {
      let count = 1
      const response = this.#length === undefined ? new Chunks() : new Counted(this.#length)
      const take = chunk => {
        response.take(chunk)
        if (response.isLonger) return finish(() => reject(new Error('a response is longer than the first one')))
        if (!response.isWhole) return
        if (performance.now() >= end) return finish(() => resolve(count))
        count++
        response.begin()
        socket.write(this.#text)
      }
      const lost = () => finish(() => reject(new Error('the connection was closed')))
      const finish = settle => {
        socket.off('data', take).off('close', lost)
        settle()
      }
      socket.on('data', take).once('close', lost)
      socket.write(this.#text)
    })
  }

  close() {
    for (const socket of this.#sockets) socket.destroy()
  }
}

async function opened(port) {
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return socket.setNoDelay(true).on('error', () => {})
}

/** A response of a known length. */
class Counted {
  #length
  #left

  constructor(length) {
    this.#length = length
    this.#left = length
  }

  begin() {
    this.#left = this.#length
  }

  take(chunk) {
    this.#left -= chunk.length
  }

  get isLonger() {
    return this.#left < 0
  }

  get isWhole() {
    return this.#left === 0
  }
}

/** A response in chunks, without trailers. No body that is measured contains {@link LAST_CHUNK}. */
class Chunks {
  isLonger = false
  #tail = ''

  begin() {
    this.#tail = ''
  }

  take(chunk) {
    this.#tail = (this.#tail + chunk.toString('latin1', Math.max(0, chunk.length - LAST_CHUNK.length))).slice(-LAST_CHUNK.length)
  }

  get isWhole() {
    return this.#tail === LAST_CHUNK
  }
}

/** RFC 9112 §7.1. */
const LAST_CHUNK = '\r\n0\r\n\r\n'

/**
 * Waits for the response that comes.
 * @returns its bytes, head included; undefined when it comes in chunks
 * @throws Error unless it is a 200 with a Content-Length or in chunks
 */
export function lengthOfResponse(socket) {
  return new Promise((resolve, reject) => {
    let text = ''
    const take = chunk => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n') + 4
      if (end < 4) return
      const head = text.slice(0, end)
      const declared = /^HTTP\/1\.1 200 .*?\r\n(?:content-length: *(\d+)|transfer-encoding: *chunked)\r\n/is.exec(head)
      if (declared === null) return finish(() => reject(new Error(`unexpected response: ${text.slice(0, 1000)}`)))
      if (declared[1] === undefined) {
        if (text.endsWith(LAST_CHUNK)) finish(() => resolve(undefined))
        return
      }
      const length = end + Number(declared[1])
      if (text.length >= length) finish(() => resolve(length))
    }
    const lost = () => finish(() => reject(new Error('the connection was closed')))
    const finish = settle => {
      socket.off('data', take).off('close', lost)
      settle()
    }
    socket.on('data', take).once('close', lost)
  })
}
