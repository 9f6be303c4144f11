/**
 * `npm run bench:scripting`: what Lua and Martian cost per request against none, on decoded JSON of 16 KB and on pass-through; the same on
 * KrakenD when BENCH_KRAKEND names it; and how long others wait while scripts run into their limits.
 * The options are told by `--help`.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { measureCase } from '../peers/measure.mjs'
import { sluiceCli } from '../peers/peers.mjs'
import { conditions, digits, disturbance, of, RATIO_HEAD, RATIO_LINE, ratioCells, ratioLegend } from '../peers/report.mjs'
import { reportRun } from '../peers/report-run.mjs'
import { median } from '../peers/statistics.mjs'
import { measureInProcess } from './in-process.mjs'
import { measureLimits } from './limits.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const KRAKEND = process.env.BENCH_KRAKEND

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

/** The endpoints that are compared, by case: extra_config of the endpoint and of its backend. */
const CASES = [
  {
    title: 'JSON 16 KB, decoded',
    path: '/json',
    endpoint: { backend: { url_pattern: '/16k.json' } },
    variants: [
      ['none', {}],
      ['Lua: a header', { endpoint: { 'modifier/lua-proxy': { pre: PRE } } }],
      ['Lua: a header and a field', { endpoint: { 'modifier/lua-proxy': { pre: PRE, post: FIELD } } }],
      ['Lua: one field of each row', { endpoint: { 'modifier/lua-proxy': { post: ROWS } } }]
    ]
  },
  {
    title: 'pass-through 150 B',
    path: '/150.txt',
    endpoint: { output_encoding: 'no-op', backend: { url_pattern: '/150.txt' } },
    variants: [
      ['none', {}],
      ['Martian: four header modifiers', { backend: { 'modifier/martian': MARTIAN } }],
      ['Lua: a header', { endpoint: { 'modifier/lua-proxy': { pre: PRE } } }]
    ]
  }
]

function peer(name, one, { endpoint = {}, backend = {} }, command) {
  return {
    name,
    prepare: ({ port, upstream: host, folder }) => {
      const file = path.join(folder, `scripting-${port}.json`)
      writeFileSync(
        file,
        JSON.stringify({
          version: 3,
          port,
          listen_ip: '127.0.0.1',
          timeout: '10s',
          max_idle_connections_per_host: 256,
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

const runSluice = file => [process.execPath, sluiceCli, 'run', '-c', file]
const runKrakend = file => ['env', 'USAGE_DISABLE=1', KRAKEND, 'run', '-c', file]

function peersOf(one) {
  const list = one.variants.map(([name, config]) => peer(name, one, config, runSluice))
  if (KRAKEND) for (const [name, config] of one.variants) list.push(peer(`KrakenD, ${name}`, one, config, runKrakend))
  return list
}

/** The median of the rounds' differences, µs. */
const more = (each, base) => median(each.rounds.map((round, i) => round.cpu - base.rounds[i].cpu))

function table(one, measured) {
  const lines = [
    `## ${one.title}`,
    '',
    `64 connections. ${disturbance(measured[0])}`.trim(),
    '',
    `| | CPU µs/request | more µs | ${RATIO_HEAD} | requests/s | p99 ms |`,
    `|---|--:|--:|${RATIO_LINE}|--:|--:|`
  ]
  for (const each of measured) {
    lines.push(
      `| ${each.name} | ${digits(of(each, 'cpu'))} | ${more(each, measured[0]).toFixed(1)} | ${ratioCells(each, measured[0])} | ` +
        `${digits(of(each, 'rate'))} | ${of(each, 'p99').toFixed(1)} |`
    )
  }
  return [...lines, '']
}

const program = {
  out: path.join(here, '..', 'SCRIPTING.md'),
  about: 'npm run bench:scripting: what Lua and Martian cost per request, and what scripts at their limits cost others.',
  cases: CASES.length,
  peers: Math.max(...CASES.map(one => peersOf(one).length))
}

await reportRun(program, async options => {
  const lines = [
    '# Scripts',
    '',
    'Generated by `npm run bench:scripting`.',
    '',
    conditions(options),
    `${ratioLegend('none')} \`more\` is the median of the rounds' differences from it.`,
    ''
  ]
  for (const one of CASES) {
    const measured = await measureCase({ path: one.path, fields: {} }, peersOf(one), options)
    lines.push(...table(one, measured))
  }
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
