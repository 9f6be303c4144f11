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
import { main, readOptions, reportPlace, UsageError } from '../peers/options.mjs'
import { checkPrograms, startUpstream } from '../peers/peers.mjs'
import { stop } from '../peers/processes.mjs'
import { Progress } from '../peers/progress.mjs'
import { Figures, RESUME } from '../peers/resume.mjs'
import { figureSeconds, inProcessCases, inProcessId, passingCases, passingId, planOf, servedCases, servedId } from './plan.mjs'
import { CLASSES } from './plugins.mjs'
import { CURVE, chart, HEADS, inProcessLine, passingLine, ratioLines, results, servedLine } from './report.mjs'
import { measurePassing, measureServed, VARIANTS } from './served.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const BYTES = { 150: 150, '16k': 16 * 1024, '1m': 1024 * 1024 }
const SIZES = ['150', '16k', '1m']
const print = lines => process.stdout.write(lines.map(line => `${line}\n`).join(''))

const OPTIONS = {
  classes: { as: 'names', default: '', of: CLASSES, all: CLASSES, text: 'what plugins do; all by default' },
  sizes: { as: 'names', default: '16k', full: '', of: SIZES, all: SIZES, text: 'bodies' },
  counts: { as: 'counts', default: '8', full: '1,2,4,8,16', text: "plugins in process; '' for none" },
  served: { as: 'counts', default: '8', text: "plugins in a gateway under load; '' for none" },
  curve: {
    as: 'counts',
    default: '',
    full: '1,2,4,8,16',
    text: `the picture: plugins of ${CURVE.kind} at ${CURVE.size} in a gateway under load; '' for none`
  },
  variants: { as: 'names', default: '', of: VARIANTS, all: VARIANTS, text: 'what is compared; all by default' },
  rounds: { as: 'count', default: '2', full: '5', text: 'rounds of each class' },
  starts: { as: 'count', default: '1', full: '2', text: 'processes that the rounds are spread over' },
  passing: { as: 'count', default: '2', full: '5', text: 'rounds of plugins that only pass on' },
  seconds: { as: 'number', default: '1', text: 'length of a round' },
  warmup: { as: 'number', default: '1', text: 'seconds of load before the first round' },
  milliseconds: { as: 'number', default: '100', full: '200', text: 'per figure in process' },
  resume: RESUME,
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
  const whole = [values.counts, values.served, values.curve].every(list => list.length > 0)
  if (place !== '' && !(whole && values.variants.length === VARIANTS.length))
    throw new UsageError(
      'the report needs --counts, --served, --curve (--full has them) and all variants; leave --write and --out away to print a part of them'
    )
  checkPrograms()
  const figures = new Figures(values)
  const plan = planOf(values).filter(({ id }) => !figures.has(id))
  const progress = new Progress(plan.reduce((sum, { seconds }) => sum + seconds, 0))
  const inProcess = await runInProcess(values, figures, progress)
  const { served, passing } = await runServed(values, figures, progress)
  progress.clear()
  if (place === '') return
  writeFileSync(path.join(place, 'RESULTS.md'), results(inProcess, served, passing, values))
  writeFileSync(path.join(place, 'results.svg'), chart(served))
})

async function runInProcess(values, figures, progress) {
  const { variants, milliseconds } = values
  const cases = inProcessCases(values)
  if (cases.length === 0) return []
  const { measureInProcess } = await import('./in-process.mjs')
  const bodies = Object.fromEntries(values.sizes.map(size => [size, Buffer.from(jsonOf(BYTES[size]))]))
  const all = []
  print(HEADS.inProcess)
  for (const one of cases) {
    const id = inProcessId(one)
    const measured = await figures.of(id, async () => {
      progress.start(id)
      const found = await measureInProcess(one.kind, one.size, bodies[one.size], one.count, variants, milliseconds)
      progress.advance(figureSeconds(variants, milliseconds))
      return found
    })
    all.push(measured)
    progress.clear()
    print([inProcessLine(measured)])
  }
  return all
}

async function runServed(values, figures, progress) {
  const cases = { passing: passingCases(values), served: servedCases(values) }
  const found = { passing: [], served: [] }
  if (cases.passing.length + cases.served.length === 0) return found
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-chain-'))
  chmodSync(folder, 0o755) // nginx's worker may be another user
  writeBodies(path.join(folder, 'www'))
  const upstream = await startUpstream(path.join(folder, 'www'), folder)
  const at = { ...values, progress, upstream: `http://127.0.0.1:${upstream.port}`, folder }
  const run = async (list, id, measure) => {
    const measured = await figures.of(id, () => {
      progress.start(id)
      return measure()
    })
    list.push(measured)
    progress.clear()
    print(ratioLines(measured))
  }
  print(['', ...HEADS.ratios])
  try {
    for (const one of cases.passing)
      await run(found.passing, passingId(one), () =>
        measurePassing(one.kind, one.size, one.count, { ...at, rounds: values.passing })
      )
    for (const one of cases.served)
      await run(found.served, servedId(one), () => measureServed(one.kind, one.size, one.count, values.variants, at))
  } finally {
    await stop(upstream)
    rmSync(folder, { recursive: true, force: true })
  }
  if (found.passing.length > 0) print(['', ...HEADS.passing, ...found.passing.map(passingLine)])
  if (found.served.length > 0) print(['', ...HEADS.served, ...found.served.map(servedLine)])
  return found
}
