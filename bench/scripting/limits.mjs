/**
 * How long do others wait while a script runs into its limits, and does memory come back? Each script has an endpoint of one gateway. While
 * connections ask for it again and again, four others ask for small responses: their longest wait during each run of the script counts.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import { connect } from 'node:http2'
import path from 'node:path'
import { sluiceCli } from '../peers/peers.mjs'
import { freePort, residentNow, start, stop } from '../peers/processes.mjs'
import { median } from '../peers/statistics.mjs'

/** Runs of a script that are looked at, and ms after which fewer do. */
const RUNS = 25
const MOST_MS = 6000
/** Connections that ask for scripts in the rows of many. */
const AT_ONCE = 50

const SCRIPTS = {
  'a loop without end': 'while true do end',
  'a text that doubles': "local s = 'xxxxxxxx'; while true do s = s .. s end",
  'deep recursion': 'local function f(n) return 1 + f(n + 1) end; f(1)',
  'a million globals': "for i = 1, 1000000 do _G['g' .. i] = i end",
  'a pattern that backtracks': "local s = string.rep('a', 200) .. 'b'; s:find(string.rep('a-', 30) .. 'c')",
  'gigabytes at once': "local s = string.rep('x', 8589934592)",
  'a loop around pcall': 'while true do pcall(function() while true do end end) end',
  'errors without end': 'while true do pcall(error, {}) end',
  'a million tables': 'local t = {}; for i = 1, 1000000 do t[i] = {i} end',
  'a million closures': 'local t = {}; for i = 1, 1000000 do t[i] = function() return i end end',
  'replacements without end': "local s = string.rep('ab', 100000); while true do s:gsub('%w', '%0%0') end",
  'an order that never ends': 'table.sort({3, 1, 2}, function() while true do end end)',
  'coroutines without end': 'while true do coroutine.wrap(function() coroutine.yield() end)() end'
}

function configuration(port, upstream) {
  const endpoint = (name, extra) => ({
    endpoint: `/${name}`,
    timeout: '30s',
    backend: [{ host: [`http://127.0.0.1:${upstream}`], url_pattern: '/' }],
    extra_config: extra
  })
  const scripts = Object.values(SCRIPTS).map((pre, i) =>
    endpoint(`script${i}`, { 'modifier/lua-proxy': { pre, allow_open_libs: true, skip_next: true } })
  )
  return {
    version: 3,
    port,
    listen_ip: '127.0.0.1',
    use_h2c: true,
    endpoints: [
      ...scripts,
      endpoint('quick', { 'modifier/lua-proxy': { pre: 'local a = 1', skip_next: true } }),
      endpoint('edited', { 'modifier/lua-proxy': { post: "response.load():data():set('b', 2)" } }),
      endpoint('plain', {})
    ],
    extra_config: {
      router: { disable_access_log: true },
      'telemetry/logging': { level: 'CRITICAL', prefix: '[BENCH]', stdout: true }
    }
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE + 8 })

function ask(port, target) {
  return new Promise((resolve, reject) => {
    request({ port, path: target, agent }, response => {
      response.resume()
      response.once('end', () => resolve(response.statusCode))
    })
      .once('error', reject)
      .end()
  })
}

function askOverHttp2(session, target) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': target })
    stream.resume()
    stream.once('end', resolve).once('error', reject)
  })
}

/** ms that all threads of a process have computed, among them those that collect garbage; the main one, and its waiting for a processor. */
function threadTimes({ child }) {
  let all = 0
  let main = [0, 0]
  for (const thread of readdirSync(`/proc/${child.pid}/task`)) {
    let times
    try {
      times = readFileSync(`/proc/${child.pid}/task/${thread}/schedstat`, 'latin1').split(' ')
    } catch {
      continue
    }
    all += times[0] / 1e6
    if (thread === String(child.pid)) main = times
  }
  return { all, computed: main[0] / 1e6, waited: main[1] / 1e6 }
}

/** A process that computes 5 ms in every 20, as a script in turns does: what it takes longer is the machine's. */
const CONTROL = `
const stalls = []
setInterval(() => {
  const began = performance.now()
  const before = process.cpuUsage()
  for (let cpu = 0; cpu < 5000; ) { const used = process.cpuUsage(before); cpu = used.user + used.system }
  stalls.push(performance.now() - began - 5)
}, 20)
process.on('message', () => process.send(stalls.splice(0)))
`

function startControl() {
  const child = spawn(process.execPath, ['-e', CONTROL], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    stalls: () =>
      new Promise(resolve => {
        child.once('message', resolve)
        child.send('tell')
      }),
    end: () => child.kill()
  }
}

async function measureRow({ gateway, others, control }, targets) {
  const began = performance.now()
  const runs = []
  const waits = []
  let running = true
  const load = async target => {
    while (running) {
      const at = performance.now()
      const status = await ask(gateway.port, target)
      runs.push({ at, end: performance.now(), status })
      if (runs.length >= RUNS * Math.max(1, targets.length / 10) || performance.now() - began > MOST_MS) running = false
    }
  }
  const other = async each => {
    while (running) {
      const before = threadTimes(gateway)
      const at = performance.now()
      await each()
      const end = performance.now()
      const after = threadTimes(gateway)
      waits.push({
        at,
        end,
        ms: end - at,
        all: after.all - before.all,
        computed: after.computed - before.computed,
        waited: after.waited - before.waited
      })
    }
  }
  await control.stalls()
  await Promise.all([...targets.map(load), ...others.map(other)])
  const stalls = await control.stalls()
  const most = runs
    .map(run => Math.max(0, ...waits.filter(({ at, end }) => at < run.end && end > run.at).map(({ ms }) => ms)))
    .filter(ms => ms > 0)
  const longest = of => Math.max(...waits.map(of))
  return {
    statuses: [...new Set(runs.map(({ status }) => status))].join(', '),
    runs: runs.length,
    ends: Math.max(...runs.map(({ at, end }) => end - at)),
    middle: median(most),
    wait: longest(({ ms }) => ms),
    own: longest(({ ms, waited }) => ms - waited),
    computed: longest(({ computed }) => computed),
    all: longest(({ all }) => all),
    stall: Math.max(0, ...stalls)
  }
}

const mib = bytes => Math.round(bytes / 2 ** 20)
const names = Object.keys(SCRIPTS)

const ROWS = [
  ...names.map((name, i) => [name, [`/script${i}`]]),
  [`${AT_ONCE} loops without end at once`, new Array(AT_ONCE).fill('/script0')],
  [`${AT_ONCE} at once, of all kinds`, Array.from({ length: AT_ONCE }, (_, i) => `/script${i % names.length}`)]
]

/** Measures all scripts; lines of the report. */
export async function measureLimits({ folder }) {
  const upstream = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/json')
    response.end('{"a":1}')
  })
  await new Promise(resolve => upstream.listen(0, '127.0.0.1', resolve))
  const port = await freePort()
  const file = path.join(folder, 'limits.json')
  writeFileSync(file, JSON.stringify(configuration(port, upstream.address().port)))
  const gateway = await start('Sluice', [process.execPath, sluiceCli, 'run', '-c', file], { NODE_ENV: 'production' }, port)
  const control = startControl()
  const session = connect(`http://127.0.0.1:${port}`)
  const others = [
    () => ask(port, '/quick'),
    () => ask(port, '/edited'),
    () => ask(port, '/plain'),
    () => askOverHttp2(session, '/edited')
  ]
  const lines = [
    '## Limits',
    '',
    `One connection asks for the script again and again, in the last rows ${AT_ONCE}. Four others ask one at a time: for a response that a short script makes, for one of an`,
    'upstream that a script edits (over HTTP/1 and HTTP/2), and for one without a script. *ends* is the longest request of the script; *wait* the longest of the others, and',
    '*median* that of the longest waits during each run. A wait is time of the machine too: *less the queue* is the most of a wait less what the main thread of the gateway waited for a',
    'processor meanwhile, *computed* the most that it computed, *all threads* the most that those of the process did, which collect garbage among them. *control* is how much longer',
    'than 5 ms a process beside took for 5 ms of computing. Memory is that of the process behind each script.',
    '',
    '| script | status | runs | ends ms | wait ms | median | less the queue | computed | all threads | control | resident MiB |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|'
  ]
  try {
    for (let i = 0; i < 300; i++) for (const each of others) await each()
    lines.push(`| none | | | | | | | | | | ${mib(residentNow(gateway))} |`)
    for (const [name, targets] of ROWS) {
      const row = await measureRow({ gateway, others, control }, targets)
      await new Promise(resolve => setTimeout(resolve, 300))
      const cells = [row.ends, row.wait, row.middle, row.own, row.computed, row.all, row.stall].map(ms => ms.toFixed(0))
      lines.push(`| ${name} | ${row.statuses} | ${row.runs} | ${cells.join(' | ')} | ${mib(residentNow(gateway))} |`)
    }
  } finally {
    agent.destroy()
    session.destroy()
    control.end()
    upstream.close()
    await stop(gateway)
  }
  return lines
}
