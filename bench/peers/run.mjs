/** `npm run bench:peers`: Sluice beside other proxies and gateways, in one run with interleaved rounds; `--help` tells the options. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeBodies } from './bodies.mjs'
import { CASES } from './cases.mjs'
import { installPeers } from './install.mjs'
import { checkSeconds } from './load.mjs'
import { expectedSeconds, measureCase } from './measure.mjs'
import { useNode } from './node-program.mjs'
import { main, readOptions, reportPlace, UsageError } from './options.mjs'
import { checkPrograms, peers, startUpstream } from './peers.mjs'
import { stop } from './processes.mjs'
import { Progress } from './progress.mjs'
import { prepareReal } from './real-life.mjs'
import { caseTable, document } from './report.mjs'
import { checkResponses } from './responses.mjs'
import { Figures, RESUME } from './resume.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const caseNames = CASES.map(one => one.id)
const peerNames = peers().map(peer => peer.name)

const OPTIONS = {
  cases: { as: 'names', default: 'pass-150,merge', full: '', of: caseNames, all: caseNames, text: 'what is measured' },
  peers: { as: 'names', default: '', of: peerNames, all: peerNames, text: 'who is measured; all that are there by default' },
  connections: { as: 'counts', default: '', text: 'measures each case with so many connections, for its tails: 64,256,2000' },
  rounds: { as: 'count', default: '3', full: '11', text: 'rounds of each case' },
  seconds: { as: 'number', default: '1', text: 'length of a round' },
  warmup: { as: 'number', default: '1', full: '2', text: 'seconds of load before the first round' },
  node: {
    as: 'text',
    default: '',
    text: 'a path or a version (24) of the Node that runs what is measured, in place of BENCH_NODE or this one'
  },
  resume: RESUME,
  out: { as: 'text', default: '', text: 'a file for the report, in place of bench/PEERS.md' }
}

await main(async () => {
  const values = readOptions(
    OPTIONS,
    undefined,
    'npm run bench:peers: Sluice beside other proxies and gateways, in interleaved rounds.'
  )
  checkSeconds('--seconds', values.seconds)
  checkSeconds('--warmup', values.warmup)
  const taking = one => peers().filter(peer => peer.does(one.kind) && values.peers.includes(peer.name))
  const chosen = CASES.filter(one => values.cases.includes(one.id) && taking(one).length > 0)
  // the tails of one case at several numbers of connections
  const cases =
    values.connections.length === 0
      ? chosen
      : chosen.flatMap(one => values.connections.map(connections => ({ ...one, connections })))
  if (cases.length === 0) throw new UsageError('none of these peers takes part in any of these cases')
  checkPrograms()
  if (values.node !== '') useNode(values.node)
  const figures = new Figures(values)
  const idOf = one => [one.id, one.connections ?? '', ...taking(one).map(peer => peer.name)].join(', ')
  const left = cases.filter(one => !figures.has(idOf(one)))
  installPeers()

  const folder = mkdtempSync(path.join(tmpdir(), 'bench-peers-'))
  chmodSync(folder, 0o755) // nginx's worker may be another user
  const root = path.join(folder, 'www')
  writeBodies(root)
  const upstream = await startUpstream(root, folder)
  const progress = new Progress(left.reduce((sum, one) => sum + expectedSeconds(taking(one).length, values), 0))
  const options = { ...values, upstream: `http://127.0.0.1:${upstream.port}`, folder, progress }
  const results = []
  try {
    for (const one of prepareReal(cases, folder)) {
      const measured = await figures.of(idOf(one), () => {
        progress.start(one.title)
        const check = (peer, port) => checkResponses(one, peer, port)
        return measureCase(one, taking(one), { ...options, check })
      })
      results.push({ one, measured })
      progress.clear()
      process.stdout.write(`${caseTable(one, measured)}\n`)
    }
  } finally {
    await stop(upstream)
    rmSync(folder, { recursive: true, force: true })
  }
  const place = reportPlace(values, path.join(here, '..', 'PEERS.md'))
  if (place !== '') writeFileSync(place, document(results, options))
})
