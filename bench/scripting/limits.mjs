/**
 * How long do others wait while a script runs into its limits, and does memory come back? Each script has an endpoint of one gateway. While
 * one connection asks for it again and again, another asks for a response of a few bytes: its longest wait counts.
 */
import { writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import path from 'node:path'
import { sluiceCli } from '../peers/peers.mjs'
import { cpuTimes, freePort, residentNow, start, stop } from '../peers/processes.mjs'

/** ms that a script is asked for. */
const LOADED_MS = 1500

const SCRIPTS = {
  'a loop without end': 'while true do end',
  'a text that doubles': "local s = 'xxxxxxxx'; while true do s = s .. s end",
  'deep recursion': 'local function f(n) return 1 + f(n + 1) end; f(1)',
  'a million globals': "for i = 1, 1000000 do _G['g' .. i] = i end",
  'a pattern that backtracks': "local s = string.rep('a', 200) .. 'b'; s:find(string.rep('a-', 30) .. 'c')",
  'gigabytes at once': "local s = string.rep('x', 8589934592)",
  'a loop around pcall': 'while true do pcall(function() while true do end end) end'
}

function configuration(port) {
  const endpoint = (name, extra) => ({
    endpoint: `/${name}`,
    timeout: '5s',
    backend: [{ host: ['http://127.0.0.1:9999'], url_pattern: '/' }],
    extra_config: extra
  })
  const scripts = Object.values(SCRIPTS).map((pre, i) =>
    endpoint(`script${i}`, { 'modifier/lua-proxy': { pre, allow_open_libs: true, skip_next: true } })
  )
  const quick = endpoint('quick', { 'modifier/lua-proxy': { pre: 'local a = 1', skip_next: true } })
  return {
    version: 3,
    port,
    listen_ip: '127.0.0.1',
    endpoints: [...scripts, quick],
    extra_config: {
      router: { disable_access_log: true },
      'telemetry/logging': { level: 'CRITICAL', prefix: '[BENCH]', stdout: true }
    }
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 })

/** ms that the main thread of the gateway has computed. */
const computed = gateway => (cpuTimes(gateway).get(String(gateway.child.pid)) ?? 0) / 1000

/** Asks once; the status and the ms that it took. */
function ask(port, target) {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    request({ port, path: target, agent }, response => {
      response.resume()
      response.once('end', () => resolve({ status: response.statusCode, ms: performance.now() - began }))
    })
      .once('error', reject)
      .end()
  })
}

async function measureScript(gateway, index) {
  const until = performance.now() + LOADED_MS
  const scripts = []
  const others = []
  const load = async (target, into) => {
    while (performance.now() < until) {
      const before = computed(gateway)
      const one = await ask(gateway.port, target)
      into.push({ ...one, cpu: computed(gateway) - before })
    }
  }
  await Promise.all([load(`/script${index}`, scripts), load('/quick', others)])
  const times = others.map(({ ms }) => ms).sort((a, b) => a - b)
  return {
    statuses: [...new Set(scripts.map(({ status }) => status))].join(', '),
    longest: Math.max(...scripts.map(({ ms }) => ms)),
    wait: times.at(-1),
    cpu: Math.max(...others.map(({ cpu }) => cpu)),
    p99: times[Math.floor(times.length * 0.99)]
  }
}

const mib = bytes => Math.round(bytes / 2 ** 20)

/** Measures all scripts; lines of the report. */
export async function measureLimits({ folder }) {
  const port = await freePort()
  const file = path.join(folder, 'limits.json')
  writeFileSync(file, JSON.stringify(configuration(port)))
  const gateway = await start('Sluice', [process.execPath, sluiceCli, 'run', '-c', file], { NODE_ENV: 'production' }, port)
  const lines = [
    '## Limits',
    '',
    'One connection asks for the script again and again, another for a response that a short script makes. *ends* is the longest request of the script,',
    '*wait* the longest of the other, *CPU* the most that the gateway computed meanwhile: what the wait is on a machine without other work. Memory is that of the process behind each script; it began with what the first line says.',
    '',
    '| script | status | ends ms | wait ms | CPU ms | p99 ms | resident MiB |',
    '|---|---|--:|--:|--:|--:|--:|'
  ]
  try {
    for (let i = 0; i < 300; i++) await ask(port, '/quick')
    lines.push(`| none | | | | | | ${mib(residentNow(gateway))} |`)
    for (const [i, name] of Object.keys(SCRIPTS).entries()) {
      const { statuses, longest, wait, cpu, p99 } = await measureScript(gateway, i)
      await new Promise(resolve => setTimeout(resolve, 500))
      lines.push(
        `| ${name} | ${statuses} | ${longest.toFixed(0)} | ${wait.toFixed(0)} | ${cpu.toFixed(0)} | ${p99.toFixed(1)} | ${mib(residentNow(gateway))} |`
      )
    }
  } finally {
    agent.destroy()
    await stop(gateway)
  }
  return lines
}
