/** The served run: one gateway process per variant, measured in turn under load. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { measureCase } from '../peers/measure.mjs'
import { sluiceCli } from '../peers/peers.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))

/** The variants of a served case; those that are compared stand side by side. */
export const VARIANTS = ['none', 'pass', 'chain', 'combined', 'naive']

const variantPeer = (kind, variant, count) => ({
  name: variant,
  prepare: ({ port, upstream }) => ({
    command: [process.execPath, path.join(here, 'gateway.mjs')],
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

/** @returns {Promise<{ kind: string, size: string, count: number, measured: import('../peers/measure.mjs').Measured[] }>} */
export async function measureServed(kind, size, count, variants, options) {
  const one = { path: `/${size}.json`, connections: size === '1m' ? 8 : 64 }
  const measured = await measureCase(
    one,
    VARIANTS.filter(variant => variants.includes(variant)).map(variant => variantPeer(kind, variant, count)),
    options
  )
  return { kind, size, count, measured }
}
