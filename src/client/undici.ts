/**
 * What the gateway uses of undici, module by module. The package's index loads fetch, WebSocket, caches and mocks too, and with
 * them Node's own copy of undici: 60 ms and 8 MiB at each start for what nothing here uses.
 */

import { createRequire } from 'node:module'

type Undici = typeof import('undici')

const require = createRequire(import.meta.url)

export const Client = require('undici/lib/dispatcher/client.js') as Undici['Client']
export const buildConnector = require('undici/lib/core/connect.js') as Undici['buildConnector']
export const errors = require('undici/lib/core/errors.js') as Undici['errors']

/** The whole package, which a proxy's agent needs. */
export const wholeUndici = (): Undici => require('undici') as Undici
