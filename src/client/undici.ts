/**
 * What the gateway uses of undici, module by module. The package's index loads fetch, WebSocket, caches and mocks too, and with
 * them Node's own copy of undici: 60 ms and 8 MiB at each start for what nothing here uses.
 */

import { createRequire } from 'node:module'

type Undici = typeof import('undici')

const require = createRequire(import.meta.url)

export const Client = part('undici/lib/dispatcher/client.js', undici => undici.Client)
export const buildConnector = part('undici/lib/core/connect.js', undici => undici.buildConnector)
export const errors = part('undici/lib/core/errors.js', undici => undici.errors)

/** The whole package, which a proxy's agent needs. */
export const wholeUndici = (): Undici => require('undici') as Undici

/** Returns what a module of undici exports; of the whole package where a later version has no such module. */
function part<T>(path: string, pick: (undici: Undici) => T): T {
  try {
    return require(path) as T
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error
    return pick(wholeUndici())
  }
}
