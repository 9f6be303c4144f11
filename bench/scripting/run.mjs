/**
 * `npm run bench:scripting`: what Lua and Martian cost per request against none, on decoded JSON of 16 KB and on pass-through; the same on
 * KrakenD in the same slices when BENCH_KRAKEND names it; and how long others wait while scripts run into their limits. Two gateways
 * without a script stand in each table: one against the other says what the measurement is worth. The options are told by `--help`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { machine, pinning } from '../peers/machine.mjs'
import { KRAKEND, krakendVersion, runKrakend, runSluice } from '../peers/peers.mjs'
import { digits, of, RATIO_HEAD, RATIO_LINE, ratioCells, ratioLegend } from '../peers/report.mjs'
import { reportRun } from '../peers/report-run.mjs'
import { Figures, RESUME } from '../peers/resume.mjs'
import { measureSlices, sliceSeconds } from '../peers/slices.mjs'
import { meanOf, median } from '../peers/statistics.mjs'
import { measureInProcess } from './in-process.mjs'
import { measureLimits } from './limits.mjs'
import { ORDER, prove } from './proof.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))

const header = (scope, name) => ({ 'header.Modifier': { scope: [scope], name, value: 'bench' } })
const MARTIAN = {
  'fifo.Group': {
    scope: ['request', 'response'],
    modifiers: [
      header('request', 'X-Tenant'),
      { 'header.Blacklist': { scope: ['request'], names: ['Cookie'] } },
      header('response', 'X-Served-By'),
      { 'header.Blacklist': { scope: ['response'], names: ['Server'] } }
    ]
  }
}
const PRE = "local r = request.load(); r:headers('X-Tenant', 'acme-' .. r:headers('User-Agent'))"
const FIELD = "local d = response.load():data(); d:set('name', 'order of ' .. d:get('name'))"
const ROWS =
  "local d = response.load():data(); local l = d:get('lines'); local n = 0; for i = 0, l:len() - 1 do n = n + l:get(i):get('price') end; d:set('total', n)"

/** The scripts that are measured without sockets too. */
const SCRIPTS = {
  'Lua: a header': { pre: PRE },
  'Lua: a header and a field': { pre: PRE, post: FIELD },
  'Lua: one field of each row': { post: ROWS }
}

/** A header and a field, as a plugin in JavaScript does them. */
const PLUGIN = `export const ModifierRegisterer = {
  registerModifiers(register) {
    register('bench', () => ({
      request(request) { request.headers.set('X-Tenant', 'acme-' + request.headers.get('User-Agent')) },
      async response(response) {
        const data = await response.body.lazyJson()
        data.set('name', 'order of ' + data.get('name'))
        response.body.touchJson()
        response.body.dropViews()
      }
    }))
  }
}
`

/** Sets of fresh processes: one process may be slower than the next of the same program for all its life. */
const STARTS = 5
/** Requests of each process before its first slice, at which the scripts' code is compiled. */
const WARM = 10_000

const tenant = ({ sent }) => sent['x-tenant'] === 'acme-bench/1'
const renamed = ({ body }) => JSON.parse(body).name === `order of ${ORDER.name}`
const totalled = ({ body }) => JSON.parse(body).total === ORDER.lines.reduce((sum, line) => sum + line.price, 0)
const modified = ({ sent, headers }) =>
  sent['x-tenant'] === 'bench' && sent.cookie === undefined && headers['x-served-by'] === 'bench' && headers.server === undefined

/**
 * The endpoints that are compared, by part: extra_config of the endpoint and of its backend, and how one sees that a script has run. Where
 * a few per cent are the question they are loaded together.
 */
const CASES = {
  json: {
    title: 'JSON 16 KB, decoded',
    path: '/json',
    endpoint: { backend: { url_pattern: '/16k.json' } },
    variants: [
      ['Lua: a header', { endpoint: { 'modifier/lua-proxy': { pre: PRE } }, ran: tenant }],
      [
        'Lua: a header and a field',
        { endpoint: { 'modifier/lua-proxy': { pre: PRE, post: FIELD } }, ran: answer => tenant(answer) && renamed(answer) }
      ],
      [
        'the same in JavaScript',
        {
          endpoint: { 'plugin/req-resp-modifier': { name: ['bench'] } },
          plugin: PLUGIN,
          ran: answer => tenant(answer) && renamed(answer)
        }
      ],
      ['Lua: one field of each row', { endpoint: { 'modifier/lua-proxy': { post: ROWS } }, ran: totalled }]
    ]
  },
  pass: {
    title: 'pass-through 150 B',
    together: true,
    path: '/150.txt',
    endpoint: { output_encoding: 'no-op', backend: { url_pattern: '/150.txt' } },
    variants: [
      ['Martian: four header modifiers', { backend: { 'modifier/martian': MARTIAN }, ran: modified }],
      ['Lua: a header', { endpoint: { 'modifier/lua-proxy': { pre: PRE } }, ran: tenant }]
    ]
  }
}

function peer(name, one, { endpoint = {}, backend = {}, plugin, ran }, command) {
  return {
    name,
    ran,
    prepare: ({ port, upstream: host, folder }) => {
      const file = path.join(folder, `scripting-${port}.json`)
      const plugins = path.join(folder, `plugins-${port}`)
      if (plugin !== undefined) {
        mkdirSync(plugins, { recursive: true })
        writeFileSync(path.join(plugins, 'bench.mjs'), plugin)
      }
      writeFileSync(
        file,
        JSON.stringify({
          version: 3,
          port,
          listen_ip: '127.0.0.1',
          timeout: '10s',
          max_idle_connections_per_host: 256,
          ...(plugin === undefined ? {} : { plugin: { folder: `${plugins}/`, pattern: '.mjs' } }),
          endpoints: [
            {
              ...one.endpoint,
              endpoint: one.path,
              input_headers: ['*'],
              backend: [{ ...one.endpoint.backend, host: [host], extra_config: backend }],
              extra_config: endpoint
            }
          ],
          extra_config: {
            router: { disable_access_log: true },
            'telemetry/logging': { level: 'WARNING', prefix: '[BENCH]', stdout: true }
          }
        })
      )
      return { command: command(file), env: { NODE_ENV: 'production' } }
    }
  }
}

/** Those that are measured beside each other: two gateways without a script, those with one, and KrakenD's, which loads no JavaScript. */
function peersOf(one) {
  const sluice = (name, config) => peer(name, one, config, runSluice())
  const krakend = (name, config) => peer(`KrakenD, ${name}`, one, config, runKrakend)
  const native = one.variants.filter(([, config]) => config.plugin === undefined)
  return {
    own: [sluice('none', {}), sluice('none again', {}), ...one.variants.map(([name, config]) => sluice(name, config))],
    krakends: KRAKEND ? [krakend('none', {}), ...native.map(([name, config]) => krakend(name, config))] : []
  }
}

const countOf = one => Object.values(peersOf(one)).flat().length

/** The median of the slices' differences, µs. */
const more = (each, base) => median(each.rounds.map(({ cpu }, i) => cpu - base.rounds[i].cpu))
const least = each => Math.min(...each.rounds.map(({ cpu }) => cpu))

function row(each, none) {
  const cells = [digits(of(each, 'cpu')), more(each, none).toFixed(1), (least(each) - least(none)).toFixed(1)]
  return `| ${each.name} | ${cells.join(' | ')} | ${ratioCells(each, none)} |`
}

/** Measures a case, once it is seen that its scripts run. */
async function measure(one, { slices, slice, ...options }) {
  options.progress.start(one.title)
  const peers = Object.values(peersOf(one)).flat()
  for (const each of peers) if (each.ran !== undefined) await prove(each, one.path, options.folder)
  const how = { starts: STARTS, slices, sliceMs: slice, warm: WARM, together: one.together }
  return measureSlices({ path: one.path }, peers, { ...options, ...how })
}

async function table(one, options, figures) {
  const { own, krakends } = peersOf(one)
  const measured = await figures.of([one.title, ...[...own, ...krakends].map(({ name }) => name)].join(', '), () =>
    measure(one, options)
  )
  const [first, again, ...others] = measured.slice(0, own.length)
  const [krakendNone, ...krakendOthers] = measured.slice(own.length)
  const base = meanOf(first, again)
  const lines = [
    `## ${one.title}`,
    '',
    ...(one.together ? ['Loaded at the same moment, not in turn: each costs more than alone, and ratios are steadier.', ''] : []),
    `| | CPU µs/request | more µs | more by the cheapest slices | ${RATIO_HEAD} |`,
    `|---|--:|--:|--:|${RATIO_LINE}|`,
    `| none | ${digits(of(base, 'cpu'))} | | | | | | |`,
    row(again, first),
    ...others.map(each => row(each, base))
  ]
  if (krakendNone === undefined) return [...lines, '']
  const ownOf = krakend => others.find(({ name }) => krakend.name === `KrakenD, ${name}`)
  return [
    ...lines,
    `| ${krakendNone.name} | ${digits(of(krakendNone, 'cpu'))} | | | | | | |`,
    ...krakendOthers.map(each => row(each, krakendNone)),
    '',
    `| CPU against *KrakenD* with the same | ${RATIO_HEAD} |`,
    `|---|${RATIO_LINE}|`,
    ...krakendOthers.map(each => `| ${ownOf(each).name} | ${ratioCells(ownOf(each), each)} |`),
    ''
  ]
}

const PARTS = [...Object.keys(CASES), 'process', 'limits']

const program = {
  out: path.join(here, '..', 'SCRIPTING.md'),
  about: 'npm run bench:scripting: what Lua and Martian cost per request, and what scripts at their limits cost others.',
  seconds: ({ parts, slices, slice }) =>
    Object.entries(CASES)
      .filter(([part]) => parts.includes(part))
      .reduce((sum, [, one]) => sum + sliceSeconds(countOf(one), { starts: STARTS, slices, sliceMs: slice }), 0),
  more: {
    parts: { as: 'names', of: PARTS, all: PARTS, default: '', text: 'what is measured' },
    slices: { as: 'count', default: '200', full: '600', text: 'slices of each process' },
    slice: { as: 'count', default: '25', text: 'ms of a slice' },
    resume: RESUME
  }
}

await reportRun(program, async ({ parts, ...options }) => {
  const { slices, slice } = options
  const lines = [
    '# Scripts',
    '',
    'Generated by `npm run bench:scripting`.',
    '',
    `${machine()}. ${pinning()} CPU is user and system time of the process tree.${KRAKEND ? ` ${krakendVersion()}` : ''}`,
    `32 connections for each gateway. Those of a table are loaded in turn unless it says otherwise, for ${slice} ms each, ${slices} times, in ${STARTS} sets of fresh processes.`,
    `${ratioLegend('none')} *None* is the mean of two processes without a script; \`none again\`, one against the other, says what the measurement is worth.`,
    "`more` is the median of the rounds' differences; a round is one slice of each.",
    ''
  ]
  const figures = new Figures({ ...options, rounds: slices, seconds: slice, starts: STARTS })
  for (const [part, one] of Object.entries(CASES)) if (parts.includes(part)) lines.push(...(await table(one, options, figures)))
  if (parts.includes('process')) lines.push(...(await measureInProcess(SCRIPTS)))
  if (parts.includes('limits')) lines.push(...(await measureLimits(options)))
  return lines
})
