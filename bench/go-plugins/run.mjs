/**
 * `npm run bench:go-plugins`: what KrakenD's plugins in Go cost here: a plugin that sets fields beside the same in JavaScript and beside none,
 * three in a row, bytes copied, starts, restarts and growth. With `BENCH_KRAKEND`: the same source as .so in KrakenD. `--help` tells the
 * options. Needs Go.
 */
import path from 'node:path'
import { measureCase } from '../peers/measure.mjs'
import { KRAKEND } from '../peers/peers.mjs'
import { conditions, digits, disturbance, of, RATIO_HEAD, RATIO_LINE, ratioCells, ratioLegend } from '../peers/report.mjs'
import { reportRun } from '../peers/report-run.mjs'
import { ratio } from '../peers/statistics.mjs'
import { gateway } from './gateways.mjs'
import { buildModules, buildShared, firstModules, writeScript, writeSources } from './modules.mjs'
import { copies, growth, restart, startBeyond } from './parts.mjs'

const MODULES = 5
const PARTS = ['requests', 'copies', 'starts', 'growth']

const GROWING = ['fields', 'body']

const MORE = {
  parts: { as: 'names', default: '', of: PARTS, all: PARTS, text: 'what is measured' },
  growing: { as: 'names', default: '', of: GROWING, all: GROWING, text: 'plugins that are looked at for growth' },
  requests: { as: 'count', default: '30000', full: '1000000', text: 'requests of each plugin for the look at growth' }
}
const about = 'npm run bench:go-plugins: what KrakenD plugins in Go cost beside the same in JavaScript, and beside none.'
const program = {
  out: path.join(import.meta.dirname, '..', 'GO-PLUGINS.md'),
  about,
  cases: 1,
  peers: KRAKEND ? 7 : 4,
  more: MORE
}

const stamps = count => Array.from({ length: count }, (_, i) => `stamp-${i + 1}`)

/** The gateways that are measured, by their names here. */
function prepare(folder) {
  const modules = path.join(folder, 'modules')
  const scripts = path.join(folder, 'scripts')
  const sources = writeSources(MODULES, path.join(folder, 'sources'))
  const version = buildModules(sources, modules)
  writeScript(scripts)
  const goOf = (name, count, more = {}) => ({ name, servers: stamps(count), folder: first(count), ...more })
  const firsts = new Map()
  const first = count => {
    if (!firsts.has(count)) firsts.set(count, firstModules(count, modules))
    return firsts.get(count)
  }
  return {
    version,
    none: { name: 'none' },
    script: { name: 'JavaScript', servers: ['stamp-js'], folder: scripts, pattern: '.mjs' },
    one: goOf('Go', 1),
    three: goOf('three in Go', 3),
    all: goOf('five in Go', MODULES),
    client: goOf('a client in Go', 1, { servers: [], client: 'copy-1' }),
    exits: goOf('exits', 1, { servers: ['exit-1'] }),
    krakend: KRAKEND ? krakends(sources, path.join(folder, 'shared')) : []
  }
}

/** KrakenD without plugins, with one and with three. */
function krakends(sources, folder) {
  buildShared(sources.slice(0, 3), folder)
  const plugged = count => ({ servers: stamps(count), folder: firstModules(count, folder, '.so') })
  return [
    { name: 'KrakenD', krakend: true },
    { name: 'KrakenD, one .so', krakend: true, ...plugged(1) },
    { name: 'KrakenD, three .so', krakend: true, ...plugged(3) }
  ]
}

async function requestsPart({ none, script, one, three, krakend, version }, options) {
  const measured = await measureCase({ path: '/150.txt' }, [none, script, one, three, ...krakend].map(gateway), options)
  const [, ofScript, ofOne, ofThree] = measured
  return [
    `${version}. A plugin at the service sets a field of the request and one of the response, on a pass-through endpoint of 150 B, 64 connections.`,
    ratioLegend('none'),
    '',
    `| | CPU µs/request | ${RATIO_HEAD} | requests/s | p99 ms | most memory, MiB |`,
    `|---|--:|${RATIO_LINE}|--:|--:|--:|`,
    ...measured.map(each => {
      const cells = [digits(of(each, 'cpu')), ratioCells(each, measured[0]), digits(of(each, 'rate')), of(each, 'p99').toFixed(1)]
      return `| ${each.name} | ${cells.join(' | ')} | ${Math.round(each.rssMiB)} |`
    }),
    '',
    disturbance(measured[0]),
    '',
    '| | | goal |',
    '|---|--:|--:|',
    `| Go against JavaScript, CPU | ${ratio(ofOne, ofScript).median.toFixed(2)} × | 2.5 × |`,
    `| three in Go against one, CPU | ${ratio(ofThree, ofOne).median.toFixed(2)} × | 3 × |`,
    ''
  ]
}

async function copiesPart({ three, client }, options) {
  return [
    '| bodies of 1 MiB: times that they are copied | | goal |',
    '|---|--:|--:|',
    `| three in Go that set fields | ${await copies(three, options)} | 0 |`,
    `| a client plugin that reads it and writes it | ${(await copies(client, options)).toFixed(2)} | 2 |`,
    ''
  ]
}

async function startsPart({ none, all, exits }, options) {
  const { took, cpu } = await startBeyond(all, none, options)
  const again = await restart(exits, options)
  return [
    '| | | goal |',
    '|---|--:|--:|',
    `| start with ${MODULES} modules against none | ${Math.round(took)} ms (CPU ${Math.round(cpu)} ms) | 500 ms |`,
    `| os.Exit under 200 requests: ms until the next response | ${Math.round(again.median)} (most ${Math.round(again.most)}) | 100 |`,
    ''
  ]
}

async function growthPart({ one, client }, options) {
  const lines = []
  const add = line => {
    lines.push(line)
    options.progress.note(line)
  }
  const plugins = { fields: ['a plugin that sets fields', one], body: ['a client plugin that reads the body', client] }
  for (const growing of options.growing) {
    const [name, each] = plugins[growing]
    add(`| ${name}: requests | resident, MiB | heap, MiB | memory of Go, MiB | goroutines | open in Go | descriptors |`)
    add('|--:|--:|--:|--:|--:|--:|--:|')
    await growth(each, options, ({ requests, resident, heap, go, goroutines, open, descriptors }) => {
      const sizes = [Math.round(resident), Math.round(heap), go.toFixed(1)]
      add(`| ${[requests.toLocaleString('en'), ...sizes, goroutines, open, descriptors].join(' | ')} |`)
    })
    lines.push('')
  }
  return lines
}

const MEASURES = { requests: requestsPart, copies: copiesPart, starts: startsPart, growth: growthPart }

await reportRun(program, async options => {
  options.progress.start('compiling')
  const gateways = prepare(options.folder)
  const lines = ['# Go plugins', '', 'Generated by `npm run bench:go-plugins`.', '', conditions(options)]
  for (const part of options.parts) {
    options.progress.start(part)
    lines.push(...(await MEASURES[part](gateways, options)))
  }
  return lines
})
