/**
 * `npm run bench`: what a chain of N plugins costs beside one plugin that does the same work, and beside a naive chain.
 * Options: --classes head,json  --sizes 150,16k,1m  --counts 1,2,4,8,16 (in process; '' = none)  --served 8 ('' = none)
 *          --variants none,pass,chain,combined,naive (pass alone: only plugins that pass on)  --rounds 9  --starts 3 (processes that
 *          the rounds are spread over)  --passing 15 (rounds of plugins that only pass on)
 *          --seconds 1  --warmup 1  --milliseconds 200 (per in-process figure)
 *          --out DIR (default bench/; '' = print only)
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { jsonOf, writeBodies } from '../peers/bodies.mjs'
import { checkSeconds } from '../peers/load.mjs'
import { main, readOptions, UsageError } from '../peers/options.mjs'
import { checkPrograms, startUpstream } from '../peers/peers.mjs'
import { stop } from '../peers/processes.mjs'
import { CLASSES, PASSING } from './plugins.mjs'
import { chart, HEADS, inProcessLine, passingLine, ratioLines, results, servedLine } from './report.mjs'
import { measurePassing, measureServed, VARIANTS } from './served.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const BYTES = { 150: 150, '16k': 16 * 1024, '1m': 1024 * 1024 }
const SIZES = ['150', '16k', '1m']
const print = lines => process.stdout.write(lines.map(line => `${line}\n`).join(''))

await main(async () => {
  const values = readOptions({
    classes: { as: 'names', default: '', of: CLASSES, all: CLASSES },
    sizes: { as: 'names', default: '', of: SIZES, all: SIZES },
    counts: { as: 'counts', default: '1,2,4,8,16' },
    served: { as: 'counts', default: '8' },
    variants: { as: 'names', default: '', of: VARIANTS, all: VARIANTS },
    rounds: { as: 'count', default: '9' },
    starts: { as: 'count', default: '3' },
    passing: { as: 'count', default: '15' },
    seconds: { as: 'number', default: '1' },
    warmup: { as: 'number', default: '1' },
    milliseconds: { as: 'number', default: '200' },
    out: { as: 'text', default: path.join(here, '..') }
  })
  checkSeconds('--seconds', values.seconds)
  checkSeconds('--warmup', values.warmup)
  if (values.out !== '' && (values.counts.length === 0 || values.served.length === 0 || values.variants.length < VARIANTS.length))
    throw new UsageError("the report needs --counts, --served and all variants; add --out '' to print a part of them")
  checkPrograms()
  const inProcess = await runInProcess(values)
  const { served, passing } = await runServed(values)
  if (values.out === '') return
  writeFileSync(path.join(values.out, 'RESULTS.md'), results(inProcess, served, passing, values))
  writeFileSync(path.join(values.out, 'results.svg'), chart(inProcess))
})

async function runInProcess({ classes, sizes, counts, variants, milliseconds }) {
  if (counts.length === 0) return []
  const { measureInProcess } = await import('./in-process.mjs')
  const all = []
  print(HEADS.inProcess)
  for (const kind of classes) {
    for (const size of sizes) {
      const bytes = Buffer.from(jsonOf(BYTES[size]))
      for (const count of counts) {
        const one = await measureInProcess(kind, size, bytes, count, variants, milliseconds)
        all.push(one)
        print([inProcessLine(one)])
      }
    }
  }
  return all
}

async function runServed({ classes, sizes, served: counts, variants, passing: passingRounds, ...options }) {
  const served = []
  const passing = []
  if (counts.length === 0) return { served, passing }
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-chain-'))
  chmodSync(folder, 0o755) // nginx's worker may be another user
  writeBodies(path.join(folder, 'www'))
  const upstream = await startUpstream(path.join(folder, 'www'), folder)
  const at = { ...options, upstream: `http://127.0.0.1:${upstream.port}`, folder }
  print(['', ...HEADS.ratios])
  try {
    for (const count of counts) {
      for (const size of variants.includes('pass') ? sizes : []) {
        for (const kind of PASSING) {
          const one = await measurePassing(kind, size, count, { ...at, rounds: passingRounds })
          passing.push(one)
          print(ratioLines(one))
        }
      }
      for (const kind of variants.some(variant => variant !== 'pass') ? classes : []) {
        for (const size of sizes) {
          const one = await measureServed(kind, size, count, variants, at)
          served.push(one)
          print(ratioLines(one))
        }
      }
    }
  } finally {
    await stop(upstream)
    rmSync(folder, { recursive: true, force: true })
  }
  if (passing.length > 0) print(['', ...HEADS.passing, ...passing.map(passingLine)])
  if (served.length > 0) print(['', ...HEADS.served, ...served.map(servedLine)])
  return { served, passing }
}
