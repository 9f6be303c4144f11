/** The served run: one gateway process per variant, measured in turn under load. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expectedSeconds, measureCase } from '../peers/measure.mjs'
import { nodeProgram } from '../peers/node-program.mjs'
import { sluiceCli } from '../peers/peers.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))

/** The variants of a class; those that are compared stand side by side. */
export const VARIANTS = ['none', 'pass', 'chain', 'combined', 'naive']
/** Plugins that only pass on do so whatever the class: they are served on their own, one variant for each kind of plugin. */
export const SERVED = ['none', 'chain', 'combined', 'naive']

const variantPeer = (kind, variant, count) => ({
  name: variant,
  prepare: ({ port, upstream }) => ({
    command: [nodeProgram(), path.join(here, 'gateway.mjs')],
    env: {
      DIST: path.dirname(sluiceCli),
      PORT: String(port),
      UPSTREAM: upstream,
      KIND: kind,
      VARIANT: variant,
      COUNT: String(count),
      NODE_ENV: 'production'
    }
  })
})

/** @typedef {{ kind: string, size: string, count: number, measured: import('../peers/measure.mjs').Measured[] }} Served */

/** One class. @returns {Promise<Served>} */
export function measureServed(kind, size, count, variants, options) {
  const served = SERVED.filter(variant => variants.includes(variant))
  return measure(kind, size, count, served, options)
}

/** Rounds that one pair of processes is measured for, and how many times as long as others they are: what begins and ends a round counts less. */
const ROUNDS_OF_A_PAIR = 5
export const LONGER = 3

/** Plugins of one kind that only pass on, and none, together. @returns {Promise<Served>} */
export function measurePassing(kind, size, count, options) {
  return measure('pass', size, count, ['none', kind], passingOptions(options))
}

const passingOptions = options => ({
  ...options,
  seconds: options.seconds * LONGER,
  starts: Math.ceil(options.rounds / ROUNDS_OF_A_PAIR),
  together: true
})

/** s that {@link measurePassing} takes, about. */
export const expectedPassing = ({ passing, ...options }) => expectedSeconds(2, passingOptions({ ...options, rounds: passing }))

async function measure(kind, size, count, variants, options) {
  const one = { path: `/${size}.json`, connections: size === '1m' ? 8 : 64 }
  const measured = await measureCase(
    one,
    variants.map(variant => variantPeer(kind, variant, count)),
    options
  )
  return { kind, size, count, measured }
}
