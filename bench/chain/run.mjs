/**
 * `npm run bench`: what a chain of N plugins costs beside one plugin that does the same work, and beside a naive chain.
 * Options: --classes head,json  --sizes 150,16k,1m  --counts 1,2,4,8,16  --served 8 ('' = none)  --rounds 7  --seconds 1
 *          --milliseconds 200 (per in-process figure)  --out DIR (default bench/; '' = print only)
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { jsonOf, writeBodies } from '../peers/bodies.mjs'
import { startUpstream } from '../peers/peers.mjs'
import { stop } from '../peers/processes.mjs'
import { measureInProcess } from './in-process.mjs'
import { CLASSES } from './plugins.mjs'
import { chart, inProcessLine, results, servedLines } from './report.mjs'
import { measureServed } from './served.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const { values } = parseArgs({
  options: {
    classes: { type: 'string', default: CLASSES.join(',') },
    sizes: { type: 'string', default: '150,16k,1m' },
    counts: { type: 'string', default: '1,2,4,8,16' },
    served: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '1' },
    milliseconds: { type: 'string', default: '200' },
    out: { type: 'string', default: path.join(here, '..') }
  }
})
const list = text => (text === '' ? [] : text.split(','))
const BYTES = { 150: 150, '16k': 16 * 1024, '1m': 1024 * 1024 }

const inProcess = []
for (const kind of list(values.classes)) {
  for (const size of list(values.sizes)) {
    const bytes = Buffer.from(jsonOf(BYTES[size]))
    for (const count of list(values.counts)) {
      const one = await measureInProcess(kind, size, bytes, Number(count), Number(values.milliseconds))
      inProcess.push(one)
      process.stdout.write(`${inProcessLine(one)}\n`)
    }
  }
}

const served = []
const folder = mkdtempSync(path.join(tmpdir(), 'bench-chain-'))
chmodSync(folder, 0o755) // nginx's worker may be another user
writeBodies(path.join(folder, 'www'))
const upstream = await startUpstream(path.join(folder, 'www'), folder)
const options = {
  upstream: `http://127.0.0.1:${upstream.port}`,
  folder,
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  warmup: 1
}
try {
  for (const count of list(values.served)) {
    for (const kind of list(values.classes)) {
      for (const size of list(values.sizes)) {
        const one = await measureServed(kind, size, Number(count), options)
        served.push(one)
        process.stdout.write(`${servedLines(one).join('\n')}\n`)
      }
    }
  }
} finally {
  await stop(upstream)
  rmSync(folder, { recursive: true, force: true })
}
if (values.out !== '') {
  writeFileSync(path.join(values.out, 'RESULTS.md'), results(inProcess, served, options))
  writeFileSync(path.join(values.out, 'results.svg'), chart(inProcess))
}
