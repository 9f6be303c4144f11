/**
 * `npm run bench`: what a chain of N plugins costs beside one plugin that does the same work, and beside a naive chain. `--help` tells the
 * options.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { jsonOf, writeBodies } from '../peers/bodies.mjs'
import { checkSeconds } from '../peers/load.mjs'
import { expectedSeconds } from '../peers/measure.mjs'
import { main, readOptions, reportPlace, UsageError } from '../peers/options.mjs'
import { checkPrograms, startUpstream } from '../peers/peers.mjs'
import { stop } from '../peers/processes.mjs'
import { Progress } from '../peers/progress.mjs'
import { CLASSES, PASSING } from './plugins.mjs'
import { chart, HEADS, inProcessLine, passingLine, ratioLines, results, servedLine } from './report.mjs'
import { expectedPassing, measurePassing, measureServed, SERVED, VARIANTS } from './served.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const BYTES = { 150: 150, '16k': 16 * 1024, '1m': 1024 * 1024 }
const SIZES = ['150', '16k', '1m']
const print = lines => process.stdout.write(lines.map(line => `${line}\n`).join(''))

const OPTIONS = {
  classes: { as: 'names', default: '', of: CLASSES, all: CLASSES, text: 'what plugins do; all by default' },
  sizes: { as: 'names', default: '16k', full: '', of: SIZES, all: SIZES, text: 'bodies' },
  counts: { as: 'counts', default: '8', full: '1,2,4,8,16', text: "plugins in process; '' for none" },
  served: { as: 'counts', default: '8', text: "plugins in a gateway under load; '' for none" },
  variants: { as: 'names', default: '', of: VARIANTS, all: VARIANTS, text: 'what is compared; all by default' },
  rounds: { as: 'count', default: '2', full: '9', text: 'rounds of each class' },
  starts: { as: 'count', default: '1', full: '3', text: 'processes that the rounds are spread over' },
  passing: { as: 'count', default: '2', full: '15', text: 'rounds of plugins that only pass on' },
  seconds: { as: 'number', default: '1', text: 'length of a round' },
  warmup: { as: 'number', default: '1', text: 'seconds of load before the first round' },
  milliseconds: { as: 'number', default: '100', full: '200', text: 'per figure in process' },
  out: { as: 'text', default: '', text: 'a folder for RESULTS.md and results.svg, in place of bench/' }
}

await main(async () => {
  const values = readOptions(
    OPTIONS,
    undefined,
    'npm run bench: what a chain of plugins costs beside one plugin that does the same work.'
  )
  checkSeconds('--seconds', values.seconds)
  checkSeconds('--warmup', values.warmup)
  const place = reportPlace(values, path.join(here, '..'))
  if (place !== '' && (values.counts.length === 0 || values.served.length === 0 || values.variants.length < VARIANTS.length))
    throw new UsageError(
      'the report needs --counts, --served and all variants; leave --write and --out away to print a part of them'
    )
  checkPrograms()
  const progress = new Progress(expectedOf(values))
  const inProcess = await runInProcess(values, progress)
  const { served, passing } = await runServed({ ...values, progress })
  progress.clear()
  if (place === '') return
  writeFileSync(path.join(place, 'RESULTS.md'), results(inProcess, served, passing, values))
  writeFileSync(path.join(place, 'results.svg'), chart(inProcess))
})

/** s that the whole takes, about. */
function expectedOf(values) {
  const { classes, sizes, counts, variants, milliseconds, served } = values
  const inProcess = classes.length * sizes.length * counts.length * figureSeconds(variants, milliseconds)
  const passing = variants.includes('pass') ? PASSING.length * expectedPassing(values) : 0
  const others = SERVED.filter(variant => variants.includes(variant)).length
  const chains = variants.some(variant => variant !== 'pass') ? classes.length * expectedSeconds(others, values) : 0
  return inProcess + served.length * sizes.length * (passing + chains)
}

function figureSeconds(variants, milliseconds) {
  return (variants.length * milliseconds * 1.25) / 1000
}

async function runInProcess({ classes, sizes, counts, variants, milliseconds }, progress) {
  if (counts.length === 0) return []
  const { measureInProcess } = await import('./in-process.mjs')
  const all = []
  print(HEADS.inProcess)
  for (const kind of classes) {
    for (const size of sizes) {
      const bytes = Buffer.from(jsonOf(BYTES[size]))
      for (const count of counts) {
        progress.start(`in process: ${count} × ${kind}, ${size}`)
        const one = await measureInProcess(kind, size, bytes, count, variants, milliseconds)
        all.push(one)
        progress.advance(figureSeconds(variants, milliseconds))
        progress.clear()
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
          options.progress.start(`${count} × ${kind} that pass on, ${size}`)
          const one = await measurePassing(kind, size, count, { ...at, rounds: passingRounds })
          passing.push(one)
          options.progress.clear()
          print(ratioLines(one))
        }
      }
      for (const kind of variants.some(variant => variant !== 'pass') ? classes : []) {
        for (const size of sizes) {
          options.progress.start(`${count} × ${kind}, ${size}`)
          const one = await measureServed(kind, size, count, variants, at)
          served.push(one)
          options.progress.clear()
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
