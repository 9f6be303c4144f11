/**
 * `npm run bench:scripting`: what Lua and Martian cost per request against none, on decoded JSON of 16 KB and on pass-through; the same on
 * KrakenD in the same rounds when BENCH_KRAKEND names it; and how long others wait while scripts run into their limits.
 * The options are told by `--help`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { measureCase } from '../peers/measure.mjs'
import { KRAKEND, runKrakend, runSluice } from '../peers/peers.mjs'
import { conditions, digits, of, RATIO_HEAD, RATIO_LINE, ratioCells, ratioLegend } from '../peers/report.mjs'
import { reportRun } from '../peers/report-run.mjs'
import { Figures, RESUME } from '../peers/resume.mjs'
import { median } from '../peers/statistics.mjs'
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
const STARTS = 4
/** Requests before the first round, at which the scripts' code is compiled. */
const WARM = 10_000

const tenant = ({ sent }) => sent['x-tenant'] === 'acme-bench/1'
const renamed = ({ body }) => JSON.parse(body).name === `order of ${ORDER.name}`
const totalled = ({ body }) => JSON.parse(body).total === ORDER.lines.reduce((sum, line) => sum + line.price, 0)
const modified = ({ sent, headers }) =>
  sent['x-tenant'] === 'bench' && sent.cookie === undefined && headers['x-served-by'] === 'bench' && headers.server === undefined

/** The endpoints that are compared, by case: extra_config of the endpoint and of its backend, and how one sees that a script has run. */
const CASES = [
  {
    title: 'JSON 16 KB, decoded',
    path: '/json',
    endpoint: { backend: { url_pattern: '/16k.json' } },
    variants: [
      ['none', {}],
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
  {
    title: 'pass-through 150 B',
    path: '/150.txt',
    endpoint: { output_encoding: 'no-op', backend: { url_pattern: '/150.txt' } },
    variants: [
      ['none', {}],
      ['Martian: four header modifiers', { backend: { 'modifier/martian': MARTIAN }, ran: modified }],
      ['Lua: a header', { endpoint: { 'modifier/lua-proxy': { pre: PRE } }, ran: tenant }]
    ]
  }
]

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

/** The gateways that are measured in turn, by variant: without it and with it; then the same of KrakenD, which loads no JavaScript. */
function setsOf(one) {
  const [none, ...others] = one.variants
  return others.map(other => {
    const pair = (prefix, command) => [none, other].map(([name, config]) => peer(`${prefix}${name}`, one, config, command))
    return [...pair('', runSluice()), ...(KRAKEND && other[1].plugin === undefined ? pair('KrakenD, ', runKrakend) : [])]
  })
}

/** The median of the rounds' differences, µs. */
const more = (each, base) => median(each.rounds.map((round, i) => round.cpu - base.rounds[i].cpu))
const least = each => Math.min(...each.rounds.map(round => round.cpu))

function row(each, none) {
  const cells = [
    digits(of(none, 'cpu')),
    digits(of(each, 'cpu')),
    more(each, none).toFixed(1),
    (least(each) - least(none)).toFixed(1)
  ]
  return `| ${each.name} | ${cells.join(' | ')} | ${ratioCells(each, none)} | ${each.disturbed} |`
}

/** Measures one variant, once it is seen that its script runs. */
async function measure(one, set, options) {
  options.progress.start(`${one.title}, ${set[1].name}`)
  for (const each of set) if (each.ran !== undefined) await prove(each, one.path, options.folder)
  return measureCase({ path: one.path, fields: {} }, set, { ...options, starts: STARTS, warm: WARM })
}

async function table(one, options, figures) {
  const lines = [
    `## ${one.title}`,
    '',
    `| | CPU µs/request, none | with it | more µs | more by the cheapest rounds | ${RATIO_HEAD} | disturbed rounds |`,
    `|---|--:|--:|--:|--:|${RATIO_LINE}|--:|`
  ]
  const beside = []
  for (const set of setsOf(one)) {
    const id = [one.title, ...set.map(each => each.name)].join(', ')
    const [none, each, krakendNone, krakend] = await figures.of(id, () => measure(one, set, options))
    lines.push(row(each, none))
    if (krakend === undefined) continue
    lines.push(row(krakend, krakendNone))
    beside.push(`| ${each.name} | ${ratioCells(each, krakend)} |`)
  }
  if (beside.length > 0)
    lines.push('', `| CPU against *KrakenD* with the same | ${RATIO_HEAD} |`, `|---|${RATIO_LINE}|`, ...beside)
  return [...lines, '']
}

const program = {
  out: path.join(here, '..', 'SCRIPTING.md'),
  about: 'npm run bench:scripting: what Lua and Martian cost per request, and what scripts at their limits cost others.',
  cases: CASES.reduce((sum, one) => sum + setsOf(one).length, 0),
  peers: KRAKEND ? 4 : 2,
  sets: { starts: STARTS },
  more: { resume: RESUME }
}

await reportRun(program, async options => {
  const lines = [
    '# Scripts',
    '',
    'Generated by `npm run bench:scripting`.',
    '',
    conditions(options),
    `64 connections for each gateway. Each script has a gateway without one at its side, and KrakenD's two where it takes part; they are loaded in turn, in ${STARTS} sets of fresh processes.`,
    `${ratioLegend('none')} \`more\` is the median of the rounds' differences from it.`,
    ''
  ]
  const figures = new Figures(options)
  for (const one of CASES) lines.push(...(await table(one, options, figures)))
  lines.push(
    ...(await measureInProcess({
      'Lua: a header': { pre: PRE },
      'Lua: a header and a field': { pre: PRE, post: FIELD },
      'Lua: one field of each row': { post: ROWS }
    }))
  )
  lines.push(...(await measureLimits(options)))
  return lines
})
