/**
 * `npm run bench:collectors`: what collectors that are gone, hang or fail cost. All exchanges are recorded, paths are random; resident memory after a
 * first number of requests, half way and at the end, what was sent and dropped, and how many series there are. `--help` tells the options.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { writeBodies } from './peers/bodies.mjs'
import { GENERATOR, load } from './peers/load.mjs'
import { machine } from './peers/machine.mjs'
import { main, readOptions, reportPlace, UsageError } from './peers/options.mjs'
import { checkPrograms, sluiceCli, startPeer, startUpstream } from './peers/peers.mjs'
import { freePort, residentNow, stop } from './peers/processes.mjs'
import { Progress } from './peers/progress.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))

/** How a collector behaves, by what its thread does with a connection. */
const COLLECTORS = {
  'takes all': 'http((req, res) => req.resume().on("end", () => res.end()))',
  'refuses connections': undefined,
  'accepts and never responds': 'net(socket => socket.resume())',
  'accepts and never reads': 'net(socket => socket.pause())',
  'responds 503': 'http((req, res) => req.resume().on("end", () => { res.statusCode = 503; res.end() }))',
  'responds after 3 s': 'http((req, res) => req.resume().on("end", () => setTimeout(() => res.end(), 3000)))',
  'closes in the middle of its response':
    'http((req, res) => req.resume().on("end", () => { res.writeHead(200, { "Content-Length": 100 }); res.write("x"); setTimeout(() => req.socket.destroy(), 5) }))'
}

const THREAD = behaviour => `
  const { parentPort } = require('node:worker_threads')
  const quiet = socket => void socket.on('error', () => {})
  const http = respond => require('node:http').createServer(respond).on('connection', quiet)
  const net = take => require('node:net').createServer(socket => { quiet(socket); take(socket) })
  const server = ${behaviour}
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`

async function startCollector(name) {
  const behaviour = COLLECTORS[name]
  if (behaviour === undefined) return { port: await freePort(), stop: async () => {} }
  const worker = new Worker(THREAD(behaviour), { eval: true })
  const port = await new Promise(resolve => worker.once('message', resolve))
  return { port, stop: () => worker.terminate() }
}

/** One endpoint, with a parameter: each request has a path of its own. */
function gateway(collector, metricsPort) {
  const prepare = ({ port, upstream: host, folder }) => {
    const file = path.join(folder, 'collectors.json')
    const endpoint = {
      endpoint: '/files/{name}',
      output_encoding: 'no-op',
      input_headers: ['*'],
      backend: [{ host: [host], url_pattern: '/150.txt' }]
    }
    const otlp = { name: 'c', host: '127.0.0.1', port: collector.port, use_http: true }
    const prometheus = { name: 'p', host: '127.0.0.1', port: metricsPort }
    const otel = { trace_sample_rate: 1, metric_reporting_period: 5, exporters: { otlp: [otlp], prometheus: [prometheus] } }
    const extra = {
      router: { disable_access_log: true },
      'telemetry/logging': { level: 'CRITICAL', stdout: true },
      'telemetry/opentelemetry': otel
    }
    writeFileSync(
      file,
      JSON.stringify({ version: 3, port, listen_ip: '127.0.0.1', timeout: '10s', endpoints: [endpoint], extra_config: extra })
    )
    return { command: [process.execPath, sluiceCli, 'run', '-c', file], env: { NODE_ENV: 'production' } }
  }
  return { name: 'Sluice', prepare }
}

async function scrape(port) {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const value = name => Number(new RegExp(`^${name}\\{.*\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0)
  return {
    sent: value('sluice_otlp_sent_spans_total'),
    dropped: value('sluice_otlp_dropped_spans_total'),
    series: text.split('\n').filter(line => line !== '' && !line.startsWith('#')).length
  }
}

async function soak(name, { requests: total, mark }, { folder, upstream, progress }) {
  progress.start(name)
  const collector = await startCollector(name)
  const metricsPort = await freePort()
  const marks = [mark, total / 2, total]
  const looks = []
  const running = await startPeer(gateway(collector, metricsPort), `http://127.0.0.1:${upstream.port}`, folder)
  let done = 0
  try {
    while (done < total) {
      const round = await load({ port: running.port, path: '/files/RANDOM', random: true, connections: 64, seconds: 2, folder })
      done += round.requests
      progress.advance(round.requests / EXPECTED_RATE)
      if (done < marks[0]) continue
      looks.push({ mib: residentNow(running) / 2 ** 20, ...(await scrape(metricsPort)) })
      while (done >= marks[0]) marks.shift()
    }
    return { name, done, looks }
  } finally {
    await stop(running)
    await collector.stop()
  }
}

const OPTIONS = {
  requests: { as: 'count', default: '60000', full: '1000000', text: 'requests for each collector' },
  mark: { as: 'count', default: '20000', full: '100000', text: 'requests before the first look' },
  only: { as: 'names', default: '', all: Object.keys(COLLECTORS), of: Object.keys(COLLECTORS), text: 'collectors' },
  out: { as: 'text', default: '', text: 'a file for the report, in place of bench/COLLECTORS.md' }
}
/** Requests per second that are expected. */
const EXPECTED_RATE = 6000
/** Spans of each exchange. */
const SPANS = 5

function row({ name, done, looks }) {
  const [first, last] = [looks[0], looks.at(-1)]
  const cells = [
    done.toLocaleString('en'),
    looks.map(({ mib }) => mib.toFixed(0)).join(' → '),
    last.sent.toLocaleString('en'),
    last.dropped.toLocaleString('en'),
    Math.max(0, done * SPANS - last.sent - last.dropped).toLocaleString('en'),
    `${first.series} → ${last.series}`
  ]
  return `| ${name} | ${cells.join(' | ')} |`
}

await main(async () => {
  const about = 'npm run bench:collectors: what collectors that are gone, hang or fail cost.'
  const values = readOptions(OPTIONS, undefined, about)
  if (values.mark >= values.requests) throw new UsageError('--mark must be below --requests')
  checkPrograms()
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-collectors-'))
  chmodSync(folder, 0o755) // nginx's worker may be another user
  writeBodies(path.join(folder, 'www'))
  const upstream = await startUpstream(path.join(folder, 'www'), folder)
  const progress = new Progress((values.only.length * values.requests) / EXPECTED_RATE)
  const rows = []
  try {
    for (const name of values.only) rows.push(row(await soak(name, values, { folder, upstream, progress })))
  } finally {
    await stop(upstream)
    rmSync(folder, { recursive: true, force: true })
  }
  progress.clear()
  const text = `# Collectors that are away

Generated by \`npm run bench:collectors\`. ${machine()}; load: ${GENERATOR}, 64 connections, pass-through of 150 B, each request with a path of its own;
five spans per request and all metrics over OTLP/HTTP. *Waiting* spans are in the queue, which holds 65,536 and 16 MiB. *Series* are the lines of \`/metrics\`.

| the collector | requests | RSS MiB at the first look, half way, at the end | spans sent | dropped | waiting | series |
|---|--:|--:|--:|--:|--:|--:|
${rows.join('\n')}
`
  process.stdout.write(text)
  const place = reportPlace(values, path.join(here, 'COLLECTORS.md'))
  if (place !== '') writeFileSync(place, text)
})
