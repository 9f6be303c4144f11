/** The RPC against programs in Go: runs where Go is installed. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { marshal } from '../../../../plugins/auth/revoker/marshalled.js'
import { createRpcServer } from '../../../../plugins/auth/revoker/rpc-server.js'
import { SlidingFilter } from '../../../../plugins/auth/revoker/sliding-filter.js'
import { once } from '../../../support/waiting.js'
import { openBook } from './book.js'

const run = promisify(execFile)
const SOURCE = fileURLToPath(new URL('go/client/main.go', import.meta.url))

const version = await run('go', ['version']).catch(() => undefined)

test('the RPC client of Go adds, checks and unites', {
  skip: version === undefined && 'Go is not installed: the RPC is tested with recorded bytes alone'
}, async t => {
  const book = openBook(t, { n: 1000, p: 0.0001, hash: 'optimal' })
  const { filter } = book
  const other = new SlidingFilter(filter.form)
  await other.addAll([Buffer.from('jti-u')])
  const folder = mkdtempSync(path.join(tmpdir(), 'revoker-go-'))
  const server = createRpcServer(() => ({
    book,
    ended: reason => t.diagnostic(reason)
  }))
  t.after(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const file = path.join(folder, 'filter')
  writeFileSync(file, await marshal(other, 60))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const { stdout } = await run('go', ['run', SOURCE, address, file], { cwd: folder, timeout: 60_000 })
  assert.deepEqual(stdout.trim().split('\n'), [
    'add 2 <nil>',
    'check [true false] <nil>',
    "remove rpc: can't find method BloomfilterRPC.Remove",
    'wrong argument true',
    'union true <nil>',
    'no filter true',
    'at once 0'
  ])
  assert.equal(filter.has(Buffer.from('jti-u')), true)
  assert.equal(filter.has(Buffer.from('sub-49')), true)
})
