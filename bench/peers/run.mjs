/**
 * `npm run bench:peers`: Sluice beside other proxies and gateways, in one run with interleaved rounds.
 * Options: --cases a,b  --peers a,b  --rounds 11  --seconds 1  --warmup 2  --out FILE (default bench/PEERS.md; '' = print only)
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const here = path.dirname(fileURLToPath(import.meta.url))
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '' },
    peers: { type: 'string', default: '' },
    rounds: { type: 'string', default: '11' },
    seconds: { type: 'string', default: '1' },
    warmup: { type: 'string', default: '2' },
    out: { type: 'string', default: path.join(here, '..', 'PEERS.md') }
  }
})

if (!existsSync(path.join(here, 'node_modules', 'fast-proxy'))) {
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
const { writeBodies } = await import('./bodies.mjs')
const { CASES } = await import('./cases.mjs')
const { measureCase } = await import('./measure.mjs')
const { peers, startUpstream } = await import('./peers.mjs')
const { stop } = await import('./processes.mjs')
const { caseTable, document } = await import('./report.mjs')

const listed = (text, name) => text === '' || text.split(',').includes(name)
const folder = mkdtempSync(path.join(tmpdir(), 'bench-peers-'))
chmodSync(folder, 0o755) // nginx's worker may be another user
const root = path.join(folder, 'www')
writeBodies(root)
const upstream = await startUpstream(root, folder)
const options = {
  upstream: `http://127.0.0.1:${upstream.port}`,
  folder,
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  warmup: Number(values.warmup)
}
const results = []
try {
  for (const one of CASES) {
    if (!listed(values.cases, one.id)) continue
    const taking = peers().filter(peer => peer.does(one.kind) && listed(values.peers, peer.name))
    if (taking.length === 0) continue
    const measured = await measureCase(one, taking, options)
    results.push({ one, measured })
    process.stdout.write(`${caseTable(one, measured)}\n`)
  }
} finally {
  await stop(upstream)
  rmSync(folder, { recursive: true, force: true })
}
if (values.out !== '') writeFileSync(values.out, document(results, options))
