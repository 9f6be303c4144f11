/**
 * `npm run bench:peers`: Sluice beside other proxies and gateways, in one run with interleaved rounds.
 * Options: --cases a,b  --peers a,b  --rounds 11  --seconds 1  --warmup 2  --out FILE (default bench/PEERS.md; '' = print only)
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeBodies } from './bodies.mjs'
import { CASES } from './cases.mjs'
import { installPeers } from './install.mjs'
import { checkSeconds } from './load.mjs'
import { measureCase } from './measure.mjs'
import { main, readOptions, UsageError } from './options.mjs'
import { checkPrograms, peers, startUpstream } from './peers.mjs'
import { stop } from './processes.mjs'
import { caseTable, document } from './report.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const caseNames = CASES.map(one => one.id)
const peerNames = peers().map(peer => peer.name)

await main(async () => {
  const values = readOptions({
    cases: { as: 'names', default: '', of: caseNames, all: caseNames },
    peers: { as: 'names', default: '', of: peerNames, all: peerNames },
    rounds: { as: 'count', default: '11' },
    seconds: { as: 'number', default: '1' },
    warmup: { as: 'number', default: '2' },
    out: { as: 'text', default: path.join(here, '..', 'PEERS.md') }
  })
  checkSeconds('--seconds', values.seconds)
  checkSeconds('--warmup', values.warmup)
  const taking = one => peers().filter(peer => peer.does(one.kind) && values.peers.includes(peer.name))
  const cases = CASES.filter(one => values.cases.includes(one.id) && taking(one).length > 0)
  if (cases.length === 0) throw new UsageError('none of these peers takes part in any of these cases')
  checkPrograms()
  installPeers()

  const folder = mkdtempSync(path.join(tmpdir(), 'bench-peers-'))
  chmodSync(folder, 0o755) // nginx's worker may be another user
  const root = path.join(folder, 'www')
  writeBodies(root)
  const upstream = await startUpstream(root, folder)
  const options = { ...values, upstream: `http://127.0.0.1:${upstream.port}`, folder }
  const results = []
  try {
    for (const one of cases) {
      const measured = await measureCase(one, taking(one), options)
      results.push({ one, measured })
      process.stdout.write(`${caseTable(one, measured)}\n`)
    }
  } finally {
    await stop(upstream)
    rmSync(folder, { recursive: true, force: true })
  }
  if (values.out !== '') writeFileSync(values.out, document(results, options))
})
