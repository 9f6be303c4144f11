/** The load generator: wrk where it is on the PATH, else autocannon. Keep-alive, no pipelining. */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { installPeers } from './install.mjs'
import { UsageError } from './options.mjs'
import { onPath } from './processes.mjs'

export const GENERATOR = onPath('wrk') ? 'wrk' : 'autocannon'

/**
 * Refuses durations that the load generator does not take.
 * @throws {UsageError}
 */
export function checkSeconds(name, seconds) {
  if (GENERATOR === 'wrk' && !Number.isInteger(seconds))
    throw new UsageError(`${name}: '${seconds}': wrk takes whole seconds only`)
}

/** The fields that every request carries, besides Host. */
const FIELDS = { 'User-Agent': 'bench/1', Accept: '*/*', Authorization: 'Bearer 0123456789abcdef' }

/**
 * @typedef {{ requests: number, seconds: number, p50: number, p99: number, p999: number }} Load latencies in ms
 * @param {{ port: number, path: string, connections: number, seconds: number, upload?: number, json?: string, fields?: object, tokens?: { file: string, count: number }, random?: boolean, folder: string }} options
 *   `random`: the last part of the path is another one in each request; `upload`: bytes that are sent up; `json`: a text that is; `tokens`: a file with a token for each request, in turn
 * @returns {Promise<Load>}
 */
export function load(options) {
  return GENERATOR === 'wrk' ? wrk(options) : autocannon(options)
}

/** What wrk itself does not print. */
const TELL_TAIL = 'done = function(_, latency) io.write(string.format("99.9%% %.3fus\\n", latency:percentile(99.9))) end\n'

/** How many tokens each port has had: a round goes on where the last one ended. */
const used = new Map()

/** Lua for what the command line of wrk cannot say. */
function scriptOf({ port, upload, json, tokens, random, path: target }) {
  if (random) {
    const head = target.slice(0, target.lastIndexOf('/') + 1)
    return `math.randomseed(os.time())
function request() return wrk.format("GET", "${head}" .. string.format("%x%x", math.random(0, 1e9), math.random(0, 1e9))) end
`
  }
  if (upload !== undefined || json !== undefined) {
    const body = json === undefined ? `string.rep("x", ${upload})` : JSON.stringify(json)
    const type = json === undefined ? 'text/plain' : 'application/json'
    return `wrk.method = "POST"\nwrk.body = ${body}\nwrk.headers["Content-Type"] = "${type}"\n`
  }
  if (tokens === undefined) return ''
  return `local list, at = {}, ${used.get(port) ?? 0}
function init()
  for token in io.lines("${tokens.file}") do
    wrk.headers["Authorization"] = "Bearer " .. token
    list[#list + 1] = wrk.format("GET")
  end
end
function request()
  at = at % #list + 1
  return list[at]
end
`
}

async function wrk({ port, path: target, connections, seconds, folder, fields = {}, ...more }) {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s']
  for (const [name, value] of Object.entries({ ...FIELDS, ...fields })) args.push('-H', `${name}: ${value}`)
  const script = path.join(folder, `load-${port}.lua`)
  writeFileSync(script, `${scriptOf({ port, path: target, ...more })}${TELL_TAIL}`)
  args.push('-s', script)
  const text = await run('wrk', [...args, `http://127.0.0.1:${port}${target}`])
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(text) ?? /Socket errors: (.*)/.exec(text)
  if (bad !== null) throw new Error(`errors under load: ${bad[0]}`)
  const [, requests, taken, unit] = /(\d+) requests in ([\d.]+)(s|m)/.exec(text)
  if (more.tokens !== undefined) used.set(port, ((used.get(port) ?? 0) + Number(requests) + connections) % more.tokens.count)
  return {
    requests: Number(requests),
    seconds: Number(taken) * (unit === 'm' ? 60 : 1),
    p50: milliseconds(/50%\s+([\d.]+)(us|ms|s)/.exec(text)),
    p99: milliseconds(/99%\s+([\d.]+)(us|ms|s)/.exec(text)),
    p999: milliseconds(/99\.9%\s+([\d.]+)(us|ms|s)/.exec(text))
  }
}

function milliseconds([, number, unit]) {
  return Number(number) * { us: 0.001, ms: 1, s: 1000 }[unit]
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    child.stdout.on('data', chunk => (out += chunk))
    child.stderr.on('data', chunk => (out += chunk))
    child.once('error', reject)
    // not `exit`: its output may come later
    child.once('close', code => (code === 0 ? resolve(out) : reject(new Error(`${command}: ${out}`))))
  })
}

async function autocannon({ port, path: target, connections, seconds, upload, json, tokens, random, fields = {} }) {
  installPeers()
  const list = tokens && readFileSync(tokens.file, 'utf8').trimEnd().split('\n')
  let at = used.get(port) ?? 0
  const withToken = request => {
    request.headers.Authorization = `Bearer ${list[at++ % list.length]}`
    return request
  }
  const head = target.slice(0, target.lastIndexOf('/') + 1)
  const withPath = request => {
    request.path = head + Math.random().toString(36).slice(2)
    return request
  }
  const { default: cannon } = await import('autocannon')
  const done = await cannon({
    url: `http://127.0.0.1:${port}${target}`,
    connections,
    duration: seconds,
    sampleInt: 100, // ms; it stops at a sample, and the usual second would double a round
    headers: { ...FIELDS, ...fields, ...(json !== undefined && { 'Content-Type': 'application/json' }) },
    ...(upload !== undefined && { method: 'POST', body: 'x'.repeat(upload) }),
    ...(json !== undefined && { method: 'POST', body: json }),
    ...(random && { requests: [{ setupRequest: withPath }] }),
    ...(tokens !== undefined && { requests: [{ setupRequest: withToken }] })
  })
  used.set(port, at)
  if (done.errors > 0 || done.non2xx > 0) throw new Error(`errors under load: ${done.errors} failed, ${done.non2xx} not 2xx`)
  return {
    requests: done.requests.total,
    seconds: done.duration,
    p50: done.latency.p50,
    p99: done.latency.p99,
    p999: done.latency.p99_9
  }
}

/** Opens connections that ask once and then stay idle; returns what closes them. */
export async function idleConnections(port, target, count) {
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
      await new Promise(resolve => socket.once('data', resolve))
      socket.resume()
      return socket
    })
  )
  return () => {
    for (const socket of sockets) socket.destroy()
  }
}
