/**
 * `npm run bench:go-plugins`: what KrakenD's plugins in Go cost here: a plugin that sets fields, and one that rewrites JSON, beside the same in
 * JavaScript and beside none; three in a row, bytes copied, starts, ends of modules and growth. With `BENCH_KRAKEND`: the same source as
 * .so in KrakenD. `--help` tells the options. Needs Go.
 */
import path from 'node:path'
import { ask } from '../peers/ask.mjs'
import { measureCase } from '../peers/measure.mjs'
import { KRAKEND } from '../peers/peers.mjs'
import { conditions } from '../peers/report.mjs'
import { reportRun } from '../peers/report-run.mjs'
import { Figures, RESUME } from '../peers/resume.mjs'
import { deaths, ENDS } from './deaths.mjs'
import { gateway, ran } from './gateways.mjs'
import { buildModules, buildShared, firstModules, writeScript, writeSources } from './modules.mjs'
import { copies, growth, startBeyond } from './parts.mjs'
import { copiesLines, deathsLines, growthLine, growthLines, jsonLines, requestsLines, startsLines } from './report.mjs'

const MODULES = 5
/** Requests that each gateway has before it is measured: V8 has optimised the code of Go by then, on a busy machine too. */
const WARM = 20_000
/** The same for requests that cost ms. */
const WARM_JSON = 2500
/** What a module may have that fills its memory. */
const SMALL_MEMORY = '64MB'

const GROWING = { fields: 'a plugin that sets fields', body: 'a client plugin that reads the body' }

/** What is measured under a name each: figures of one part, that `--resume` keeps. */
const PARTS = {
  requests: async ({ none, script, one, three, krakend, version }, options) => ({
    version,
    measured: await measure('/150.txt', [none, script, one, three, ...krakend], { ...options, warm: WARM })
  }),
  json: async ({ none, rewritesScript, rewrites, krakendRewrites }, options) => ({
    measured: await measure('/16k.json', [none, rewritesScript, rewrites, ...krakendRewrites], {
      ...options,
      starts: 1,
      warm: WARM_JSON
    })
  }),
  copies: async ({ three, client }, options) => ({
    three: await copies(three, options),
    client: await copies(client, options)
  }),
  starts: async ({ none, all }, options) => ({ modules: MODULES, ...(await startBeyond(all, none, options)) }),
  ...Object.fromEntries(
    Object.keys(ENDS).map(how => [`end-${how}`, ({ ends }, options) => deaths(ends, how, options.ends, options)])
  ),
  ...Object.fromEntries(
    Object.entries(GROWING).map(([growing, name]) => [
      `growth-${growing}`,
      async ({ one, client }, options) => {
        const rows = []
        await growth(growing === 'body' ? client : one, options, row => {
          rows.push(row)
          options.progress.note(growthLine(row))
        })
        return { name, rows }
      }
    ])
  )
}
const NAMES = Object.keys(PARTS)

const MORE = {
  parts: { as: 'names', default: '', of: NAMES, all: NAMES, text: 'what is measured' },
  starts: { as: 'count', default: '1', full: '2', text: 'sets of fresh processes that the rounds are spread over' },
  rounds: { as: 'count', default: '3', full: '14', text: 'rounds of each case' },
  ends: { as: 'count', default: '5', full: '50', text: 'ends of a module of each kind' },
  requests: { as: 'count', default: '30000', full: '1000000', text: 'requests of each plugin for the look at growth' },
  resume: RESUME
}
const about = 'npm run bench:go-plugins: what KrakenD plugins in Go cost beside the same in JavaScript, and beside none.'
const program = {
  out: path.join(import.meta.dirname, '..', 'GO-PLUGINS.md'),
  about,
  cases: 1,
  peers: KRAKEND ? 7 : 4,
  more: MORE
}

/** Measures gateways in turn, once it is seen that the plugins of each are at work. */
function measure(path, gateways, options) {
  const check = async ({ name }, port) => {
    const response = await ask(port, { path })
    const one = gateways.find(each => each.name === name)
    if (response.status !== 200 || !ran(one, response))
      throw new Error(`the plugins of '${name}' did not run: ${response.status} ${response.body.slice(0, 200)}`)
  }
  return measureCase({ path }, gateways.map(gateway), { ...options, check })
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
  const scriptOf = server => ({ name: 'JavaScript', servers: [server], folder: scripts, pattern: '.mjs' })
  const firsts = new Map()
  const first = count => {
    if (!firsts.has(count)) firsts.set(count, firstModules(count, modules))
    return firsts.get(count)
  }
  return {
    version,
    none: { name: 'none' },
    script: scriptOf('stamp-js'),
    one: goOf('Go', 1),
    three: goOf('three in Go', 3),
    all: goOf('five in Go', MODULES),
    rewritesScript: scriptOf('rewrite-js'),
    rewrites: goOf('Go', 1, { servers: ['rewrite-1'] }),
    client: goOf('a client in Go', 1, { servers: [], client: 'copy-1' }),
    ends: goOf('ends', 1, { servers: ['end-1'], memory: SMALL_MEMORY }),
    ...(KRAKEND ? krakends(sources, path.join(folder, 'shared')) : { krakend: [], krakendRewrites: [] })
  }
}

/** KrakenD without plugins, with one and with three; and without and with one that rewrites JSON. */
function krakends(sources, folder) {
  buildShared(sources.slice(0, 3), folder)
  const [first, firstThree] = [1, 3].map(count => firstModules(count, folder, '.so'))
  const plain = { name: 'KrakenD', krakend: true }
  const one = { name: 'KrakenD, one .so', krakend: true, folder: first }
  return {
    krakend: [
      plain,
      { ...one, servers: stamps(1) },
      { name: 'KrakenD, three .so', krakend: true, folder: firstThree, servers: stamps(3) }
    ],
    krakendRewrites: [plain, { ...one, servers: ['rewrite-1'] }]
  }
}

/** The report of all parts there are. @param {Map<string, any>} done */
function linesOf(done, options) {
  const some = prefix => NAMES.filter(name => name.startsWith(prefix) && done.has(name))
  const part = (name, lines) => (done.has(name) ? lines(done.get(name)) : [])
  const ends = some('end-')
  const grown = some('growth-')
  const head = `${conditions(options)} Each had ${WARM.toLocaleString('en')} requests before, ${WARM_JSON.toLocaleString('en')} of JSON.`
  return [
    '# Go plugins',
    '',
    'Generated by `npm run bench:go-plugins`.',
    '',
    head,
    '',
    ...part('requests', requestsLines),
    ...part('json', jsonLines),
    ...part('copies', copiesLines),
    ...part('starts', startsLines),
    ...(ends.length === 0 ? [] : deathsLines(Object.fromEntries(ends.map(name => [name.slice('end-'.length), done.get(name)])))),
    ...(grown.length === 0 ? [] : growthLines(grown.map(name => done.get(name))))
  ]
}

await reportRun(program, async options => {
  const figures = new Figures(options)
  const done = new Map()
  let gateways
  for (const name of NAMES) {
    if (!options.parts.includes(name) && !figures.has(name)) continue
    const figure = await figures.of(name, () => {
      if (gateways === undefined) options.progress.start('compiling')
      gateways ??= prepare(options.folder)
      options.progress.start(name)
      return PARTS[name](gateways, options)
    })
    done.set(name, figure)
  }
  return linesOf(done, options)
})
