/** How soon a gateway responds again when a Go plugin fails or its module ends under load. */
import { Agent, get } from 'node:http'
import { quantile } from '../peers/statistics.mjs'
import { withGateway } from './gateways.mjs'

/** What a plugin is told to do. Each but the first ends its module. */
export const ENDS = {
  panic: 'a panic in a handler',
  exit: '`os.Exit`',
  goroutine: 'a panic in a goroutine',
  memory: 'memory that runs out'
}
/** Ends in a life of a gateway: more of them in a minute keep a module down. */
const ENDS_EACH = 5
/** Connections that send one request after the other meanwhile. */
const CONNECTIONS = 64
/** Requests between two ends: it is not the start that is measured. */
const BEFORE = 1000
const PATH = '/150.txt'

/** One request; resolves to its status, 0 when it was cut. */
function ask(port, agent, headers = {}) {
  return new Promise(resolve => {
    const request = get({ port, host: '127.0.0.1', path: PATH, agent, headers }, response => {
      response
        .on('end', () => resolve(response.statusCode))
        .on('error', () => resolve(0))
        .resume()
    })
    request.on('error', () => resolve(0))
  })
}

/** Connections that never pause. */
class Load {
  #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  #loops = []
  #over = false
  #port
  done = 0

  constructor(port) {
    this.#port = port
    for (let i = 0; i < CONNECTIONS; i++) this.#loops.push(this.#run())
  }

  async #run() {
    while (!this.#over) {
      await ask(this.#port, this.#agent)
      this.done++
    }
  }

  /** Resolves when so many more requests are done. */
  async pass(count) {
    for (const until = this.done + count; this.done < until; ) await new Promise(resolve => setTimeout(resolve, 5))
  }

  async stop() {
    this.#over = true
    await Promise.all(this.#loops)
    this.#agent.destroy()
  }
}

/**
 * ms from the end of a module to the next good response, and the same without an end. The module's own request tells its end by failing; the
 * next request is sent at that moment.
 * @returns {Promise<{ took: number[], usual: number[] }>}
 */
export async function deaths(one, how, count, options) {
  const took = []
  const usual = []
  const agent = new Agent({ keepAlive: true })
  while (took.length < count) {
    await withGateway(one, options, async ({ port }) => {
      const load = new Load(port)
      const timed = async () => {
        const began = performance.now()
        const status = await ask(port, agent)
        if (status !== 200) throw new Error(`${status} after the end of the module (${how})`)
        return performance.now() - began
      }
      try {
        for (let i = 0; i < ENDS_EACH && took.length < count; i++) {
          await load.pass(BEFORE)
          usual.push(await timed())
          await ask(port, agent, { 'X-End': how })
          took.push(await timed())
        }
      } finally {
        await load.stop()
      }
    })
  }
  agent.destroy()
  return { took, usual }
}

/** Columns of {@link deathCells}. */
export const DEATH_HEAD = 'median | 90 % | most | over 100 ms | without an end: median | most'

/** The cells of one row. */
export function deathCells({ took, usual }) {
  const times = [quantile(took, 0.5), quantile(took, 0.9), Math.max(...took)].map(Math.round)
  const late = `${took.filter(ms => ms > 100).length} of ${took.length}`
  return [...times, late, Math.round(quantile(usual, 0.5)), Math.round(Math.max(...usual))]
}
