/**
 * `npm run bench:tracing`: what metrics and traces over OTLP cost per request on a pass-through endpoint of 150 B. Each case runs beside two gateways
 * without telemetry, the three loaded in turn in short slices: what disturbs one disturbs the others, and the two tell the noise. `--help` tells the options.
 */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { machine, pinning } from './peers/machine.mjs'
import { runSluice, sluiceCli } from './peers/peers.mjs'
import { digits, of, RATIO_HEAD, RATIO_LINE, ratioCells, ratioLegend } from './peers/report.mjs'
import { reportRun } from './peers/report-run.mjs'
import { Figures, RESUME } from './peers/resume.mjs'
import { measureSlices, sliceSeconds } from './peers/slices.mjs'
import { meanOf } from './peers/statistics.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))

/** A collector that takes everything and keeps nothing, in a thread of its own. */
const COLLECTOR = `
  const { createServer } = require('node:http')
  const { parentPort } = require('node:worker_threads')
  const server = createServer((req, res) => req.resume().on('end', () => res.end()))
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`

async function startCollector() {
  const worker = new Worker(COLLECTOR, { eval: true })
  const port = await new Promise(resolve => worker.once('message', resolve))
  return { port, stop: () => worker.terminate() }
}

/** A port on which nothing listens. */
async function deadPort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise(resolve => server.close(resolve))
  return port
}

/** A pass-through gateway; `otel` is what `telemetry/opentelemetry` says, undefined = it is not configured. */
function gateway(name, otel) {
  const prepare = ({ port, upstream: host, folder }) => {
    const file = path.join(folder, `${name.replaceAll(/\W+/g, '-')}-${port}.json`)
    const config = {
      version: 3,
      port,
      listen_ip: '127.0.0.1',
      timeout: '10s',
      endpoints: [
        {
          endpoint: '/150.txt',
          output_encoding: 'no-op',
          input_headers: ['*'],
          backend: [{ host: [host], url_pattern: '/150.txt' }]
        }
      ],
      extra_config: {
        router: { disable_access_log: true },
        'telemetry/logging': { level: 'CRITICAL', stdout: true },
        ...(otel === undefined ? {} : { 'telemetry/opentelemetry': otel })
      }
    }
    writeFileSync(file, JSON.stringify(config))
    return { command: runSluice()(file), env: { NODE_ENV: 'production' } }
  }
  return { name, prepare }
}

function exporting(port, { rate = 1, traces = true, metrics = false }) {
  const signals = { disable_traces: !traces, disable_metrics: !metrics }
  const otlp = { name: 'c', host: '127.0.0.1', port, use_http: true, ...signals }
  return { trace_sample_rate: rate, exporters: { otlp: [otlp] } }
}

/** Sent while processes are warmed up: what records an exchange is compiled before the first round, also where few are recorded. */
const RECORDED = { Traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
/** Requests of each process before its first round. */
const WARM = 20_000

/** By their names for `--cases`: what the report calls them, and what is configured. */
const CASES = {
  metrics: ['metrics alone', port => exporting(port, { traces: false, metrics: true })],
  unsampled: ['traces, none recorded', port => exporting(port, { rate: 0 })],
  both: ['metrics and traces, none recorded', port => exporting(port, { rate: 0, metrics: true })],
  one: ['traces, 1 % recorded', port => exporting(port, { rate: 0.01 })],
  all: ['traces, all recorded', port => exporting(port, {})],
  dead: ['traces, all recorded, no collector', (_, dead) => exporting(dead, {})]
}

/** Sets of fresh processes: one process may be slower than the next of the same program for all its life. */
const STARTS = 3

/** ns that the decision whether a request is recorded takes; the code of this build, in this process. */
async function decisionNanoseconds() {
  const traces = path.join(path.dirname(sluiceCli), 'plugins', '_shared', 'traces')
  const { ExchangeTracer } = await import(path.join(traces, 'tracer.js'))
  const { Propagation } = await import(path.join(traces, 'propagation.js'))
  const propagation = new Propagation(['tracecontext', 'baggage'])
  const tracer = new ExchangeTracer({ rate: 0.01, propagation, readsIncoming: true, skips: target => target === '/__health' })
  const names = ['Host', 'User-Agent', 'Accept', 'Authorization', 'Accept-Encoding', 'Cookie']
  const request = { method: 'GET', url: '/150.txt', socket: {}, rawHeaders: names.flatMap(name => [name, 'value']) }
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 60; round++) {
    const began = performance.now()
    for (let i = 0; i < 20_000; i++) tracer.begin(request, '127.0.0.1')
    least = Math.min(least, ((performance.now() - began) * 1e6) / 20_000)
  }
  return Math.round(least)
}

const about =
  'npm run bench:tracing: what metrics and traces over OTLP cost per request on a pass-through endpoint, against none.'
const names = Object.keys(CASES)
const more = {
  cases: { as: 'names', of: names, all: names, default: '', text: 'cases' },
  slices: { as: 'count', default: '60', full: '150', text: 'slices of each process' },
  slice: { as: 'count', default: '250', text: 'ms of a slice' },
  resume: RESUME
}
const seconds = ({ slices, slice, cases }) => cases.length * sliceSeconds(3, { starts: STARTS, slices, sliceMs: slice })
const program = { out: path.join(here, 'TRACING.md'), about, seconds, more }

await reportRun(program, async ({ cases, slices, slice, ...options }) => {
  const figures = new Figures({ ...options, rounds: slices, seconds: slice, starts: STARTS })
  const collector = await startCollector()
  const dead = await deadPort()
  const nanoseconds = await decisionNanoseconds()
  const rows = []
  const controls = []
  const measure = (title, otel) => {
    options.progress.start(title)
    const peers = [gateway('none', undefined), gateway('none again', undefined), gateway(title, otel)]
    const how = { ...options, starts: STARTS, slices, sliceMs: slice, warm: WARM }
    return measureSlices({ path: '/150.txt', warmFields: RECORDED }, peers, how)
  }
  try {
    for (const name of cases) {
      const [title, otelOf] = CASES[name]
      const [none, again, one] = await figures.of(name, () => measure(title, otelOf(collector.port, dead)))
      const base = meanOf(none, again)
      rows.push(`| ${title} | ${digits(of(base, 'cpu'))} | ${digits(of(one, 'cpu'))} | ${ratioCells(one, base)} |`)
      controls.push(`| ${title} | ${ratioCells(again, none)} |`)
    }
    return [
      '# Traces and metrics',
      '',
      'Generated by `npm run bench:tracing`.',
      '',
      `${machine()}. ${pinning()} CPU is user and system time of the process tree.`,
      `A pass-through endpoint of 150 B, 32 connections. Each case has two gateways without telemetry at its side. The three are loaded in turn, for ${slice} ms each,`,
      `${slices} times, in ${STARTS} sets of fresh processes; what a process does between its slices, such as sending spans, counts too. ${ratioLegend('none')}`,
      '*None* is the mean of the two. Recorded are five spans per request, over OTLP/HTTP. Each process has served 20,000 requests of recorded',
      'traces before its first slice: where few are recorded, what records them would be compiled in the slices.',
      '',
      `| | CPU µs/request, none | with it | ${RATIO_HEAD} |`,
      `|---|--:|--:|${RATIO_LINE}|`,
      ...rows,
      '',
      `The decision alone, without any of it: ${nanoseconds} ns per request at a rate of 1 %, with six fields and no \`traceparent\` (the fastest of 60 rounds in one process).`,
      '',
      'What the measurement itself is worth: the second process without telemetry against the first, in the same slices.',
      '',
      `| beside | ${RATIO_HEAD} |`,
      `|---|${RATIO_LINE}|`,
      ...controls
    ]
  } finally {
    await collector.stop()
  }
})
