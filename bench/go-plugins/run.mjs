/**
 * `npm run bench:go-plugins`: what KrakenD's plugins in Go cost here: a plugin that sets fields beside the same in JavaScript and beside none,
 * three in a row, bytes copied, start and growth. `--help` tells the options. Needs Go.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { load } from '../peers/load.mjs'
import { PINNED } from '../peers/machine.mjs'
import { measureCase } from '../peers/measure.mjs'
import { KRAKEND, runKrakend, runSluice } from '../peers/peers.mjs'
import { cpuBetween, cpuTimes, freePort, residentNow, start, stop } from '../peers/processes.mjs'
import { conditions, digits, disturbance, of, RATIO_HEAD, RATIO_LINE, ratioCells, ratioLegend } from '../peers/report.mjs'
import { reportRun } from '../peers/report-run.mjs'
import { median, ratio } from '../peers/statistics.mjs'
import { buildModules, firstModules, writeScript } from './modules.mjs'

const MODULES = 5
const MEBIBYTE = 2 ** 20
/** Starts of each kind, of which the median counts. */
const STARTS = 3

/** A folder with bench/go-plugins/plugin compiled for KrakenD: `go build -buildmode=plugin`, by the Go that compiled KrakenD. */
const KRAKEND_PLUGINS = process.env.BENCH_KRAKEND_PLUGINS

const metricsOn = port => ({
  'telemetry/opentelemetry': { exporters: { prometheus: [{ name: 'counted', port, listen_ip: '127.0.0.1' }] } }
})

/**
 * A gateway over the upstream's files.
 * @param {{ name: string, servers?: string[], client?: string, folder?: string, pattern?: string, counted?: number }} one `counted`: a port for metrics
 */
function configOf({ servers = [], client, folder, pattern = '.so', counted }, { port, upstream }) {
  const endpoints = ['/150.txt', '/1m.txt'].map(endpoint => ({
    endpoint,
    output_encoding: 'no-op',
    input_headers: ['*'],
    backend: [
      {
        host: [upstream],
        url_pattern: endpoint,
        encoding: 'no-op',
        extra_config: client === undefined ? {} : { 'plugin/http-client': { name: client, [client]: {} } }
      }
    ]
  }))
  return {
    version: 3,
    port,
    listen_ip: '127.0.0.1',
    timeout: '10s',
    ...(folder === undefined ? {} : { plugin: { folder: `${folder}/`, pattern } }),
    endpoints,
    extra_config: {
      router: { disable_access_log: true },
      'telemetry/logging': { level: 'CRITICAL', stdout: true },
      ...(servers.length === 0 ? {} : { 'plugin/http-server': { name: servers } }),
      ...(counted === undefined ? {} : metricsOn(counted))
    }
  }
}

const gateway = (one, command = runSluice()) => ({
  name: one.name,
  prepare: at => {
    const file = path.join(at.folder, `${one.name.replaceAll(/\W+/g, '-')}-${at.port}.json`)
    writeFileSync(file, JSON.stringify(configOf(one, at)))
    return { command: command(file), env: { NODE_ENV: 'production' } }
  }
})

/** KrakenD with none, and with the plugins that the operator compiled for it; nothing where there is no KrakenD. */
function krakends() {
  if (!KRAKEND) return []
  const list = [{ name: 'KrakenD, none' }]
  if (KRAKEND_PLUGINS) list.push({ name: 'KrakenD, Go', servers: ['stamp-1'], folder: path.resolve(KRAKEND_PLUGINS) })
  return list.map(one => gateway(one, runKrakend))
}

/** This process, and what it starts, leaves the processor of those that are measured; a start may use all. */
const onAllCpus = command =>
  PINNED === undefined ? command : ['taskset', '-c', [...PINNED.others, PINNED.gateway].join(','), ...command]

/** Starts a gateway on any processor, does `work` with it, ends it. */
async function withGateway(one, { upstream, folder }, work) {
  const port = await freePort()
  const { command, env } = gateway(one).prepare({ port, upstream, folder })
  const running = await start(one.name, onAllCpus(command), env, port)
  try {
    return await work(running)
  } finally {
    await stop(running)
  }
}

async function counterOf(port, name) {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const lines = text.split('\n').filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** Bytes of bodies that Go and the gateway copied, in bodies of 1 MiB. */
async function copies(one, options) {
  const counted = await freePort()
  const requests = 20
  return withGateway({ ...one, counted }, options, async ({ port }) => {
    for (let i = 0; i < requests; i++) {
      const { byteLength } = await (await fetch(`http://127.0.0.1:${port}/1m.txt`)).arrayBuffer()
      if (byteLength !== MEBIBYTE) throw new Error(`${one.name}: a body of ${byteLength} bytes`)
    }
    return (await counterOf(counted, 'sluice_go_plugin_copied_bytes_total')) / requests / MEBIBYTE
  })
}

/** ms of a start, and its CPU in ms. */
async function startOf(one, options) {
  const took = []
  const cpu = []
  for (let i = 0; i < STARTS; i++) {
    await withGateway(one, options, async running => {
      took.push(running.startMs)
      cpu.push(cpuBetween(new Map(), cpuTimes(running)) / 1000)
    })
  }
  return { took: median(took), cpu: median(cpu) }
}

/** Memory of the process and of Go after a fifth of the requests, half and all, MiB. */
async function growth(one, options) {
  const counted = await freePort()
  return withGateway({ ...one, counted }, options, async running => {
    const marks = [0.2, 0.5, 1].map(part => part * options.requests)
    const rows = []
    for (let done = 0; marks.length > 0; ) {
      done += (await load({ port: running.port, path: '/150.txt', connections: 64, seconds: 1, folder: options.folder })).requests
      if (done < marks[0]) continue
      const go = await counterOf(counted, 'sluice_go_plugin_memory_bytes')
      rows.push({ requests: done, mib: residentNow(running) / MEBIBYTE, go: go / MEBIBYTE })
      while (done >= marks[0]) marks.shift()
    }
    return rows
  })
}

const MORE = {
  requests: { as: 'count', default: '30000', full: '1000000', text: 'requests for the look at growth' }
}
const about = 'npm run bench:go-plugins: what KrakenD plugins in Go cost beside the same in JavaScript, and beside none.'
const program = { out: path.join(import.meta.dirname, '..', 'GO-PLUGINS.md'), about, cases: 1, peers: 4, more: MORE }

await reportRun(program, async options => {
  const { folder, progress } = options
  const modules = path.join(folder, 'modules')
  const scripts = path.join(folder, 'scripts')
  progress.start('compiling')
  const version = buildModules(MODULES, modules)
  writeScript(scripts)
  const stamps = count => Array.from({ length: count }, (_, i) => `stamp-${i + 1}`)
  const none = { name: 'none' }
  const one = { name: 'Go', servers: stamps(1), folder: firstModules(1, modules) }
  const three = { name: 'three in Go', servers: stamps(3), folder: firstModules(3, modules) }
  const all = { name: 'five in Go', servers: stamps(MODULES), folder: firstModules(MODULES, modules) }
  const script = { name: 'JavaScript', servers: ['stamp-js'], folder: scripts, pattern: '.mjs' }
  progress.start('a header plugin on pass-through, 150 B')
  const measured = await measureCase(
    { path: '/150.txt' },
    [...[none, script, one, three].map(each => gateway(each)), ...krakends()],
    options
  )
  const [, ofScript, ofOne, ofThree] = measured
  progress.start('copies, starts and growth')
  const copiedByThree = await copies(three, options)
  const copiedByClient = await copies({ name: 'Go client', client: 'copy-1', folder: one.folder }, options)
  const [bare, full] = [await startOf(none, options), await startOf(all, options)]
  const rows = await growth(one, options)
  return [
    '# Go plugins',
    '',
    'Generated by `npm run bench:go-plugins`.',
    '',
    conditions(options),
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
    `| three in Go, 1 MiB: times that the body is copied | ${copiedByThree} | 0 |`,
    `| a client plugin that reads 1 MiB and writes it: times that the body is copied | ${copiedByClient.toFixed(2)} | 2 |`,
    `| start with ${MODULES} modules against none | ${Math.round(full.took - bare.took)} ms (CPU ${Math.round(full.cpu - bare.cpu)} ms) | 500 ms |`,
    '',
    '| requests | resident, MiB | memory of Go, MiB |',
    '|--:|--:|--:|',
    ...rows.map(({ requests, mib, go }) => `| ${requests.toLocaleString('en')} | ${Math.round(mib)} | ${go.toFixed(1)} |`)
  ]
})
