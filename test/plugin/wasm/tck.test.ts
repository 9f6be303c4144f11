/** The technology compatibility kit of http-wasm, where Go is there and its module can be had: all subtests, against a gateway. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { GatewayResponse } from '../../../src/plugin/index.js'
import { LIMIT_MS } from '../../support/waiting.js'
import { handlers } from '../support.js'
import { GO } from './go-fixtures.js'
import { openGuests } from './support.js'

const run = promisify(execFile)
const FOLDER = path.join(import.meta.dirname, 'tck')
/** In CI the test must not be left out. */
const DEMANDED = process.env.CI !== undefined

async function go(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd: FOLDER, env: { ...process.env, GOFLAGS: '-mod=readonly', ...env }, timeout: 5 * LIMIT_MS }
  return (await run(GO ?? 'go', [...args], options)).stdout
}

/** The kit's guest; a text that says why it is not there. */
async function kit(): Promise<Buffer | string> {
  try {
    await go(['mod', 'download'])
    const folder = await go(['list', '-m', '-f', '{{.Dir}}', 'github.com/http-wasm/http-wasm-host-go'])
    return await readFile(path.join(folder.trim(), 'tck', 'tck.wasm'))
  } catch (error) {
    return `the kit needs Go and its module: ${(error as Error).message.split('\n')[0]}`
  }
}

/** What the kit wants behind the guest: says what it was asked. */
const echo = handlers({
  echo: () => request => {
    const response = new GatewayResponse()
    response.headers.set('x-httpwasm-next-method', request.method)
    response.headers.set('x-httpwasm-next-uri', request.query === '' ? request.path : `${request.path}?${request.query}`)
    const seen = new Map<string, number>()
    for (const [name, value] of request.headers) {
      const lower = name.toLowerCase()
      const count = seen.get(lower) ?? 0
      seen.set(lower, count + 1)
      response.headers.append(`x-httpwasm-next-header-${name}-${count}`, value)
    }
    return response
  }
})

test('the compatibility kit passes, every subtest', async t => {
  const wasm = await kit()
  if (typeof wasm === 'string') {
    if (DEMANDED) assert.fail(wasm)
    t.skip(wasm)
    return
  }
  const at = { level: 'service', names: ['echo', 'tck'], modules: [echo] } as const
  const { origin } = await openGuests(t, 'http://127.0.0.1:9999', { 'tck.wasm': wasm }, at)
  const output = await go(['test', '-count=1', '-v', './...'], { SLUICE_URL: origin }).catch(
    (error: { stdout?: string }) => error.stdout ?? String(error)
  )
  const passed = output.match(/^ *--- PASS: /gm)?.length ?? 0
  assert.doesNotMatch(output, /--- FAIL/, output)
  assert.equal(passed, 36, output) // 35 subtests, and what holds them
})
