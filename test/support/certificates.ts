/** The certificates of the tests: `ca.pem` signs `a` and `b`; `SERVER_CERTS` is their folder. */

import { readFileSync } from 'node:fs'
import path from 'node:path'

export const SERVER_CERTS = path.join(import.meta.dirname, '../server/certs')

/** The path of a PEM file. */
export const certificate = (name: string): string => path.join(SERVER_CERTS, name)

/** The text of a PEM file. */
export const pem = (name: string): string => readFileSync(certificate(name), 'utf8')
