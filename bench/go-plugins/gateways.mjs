/** The gateways of bench:go-plugins: their configuration, their start, and what their metrics say. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { PINNED } from '../peers/machine.mjs'
import { runKrakend, sluiceCli } from '../peers/peers.mjs'
import { freePort, start, stop } from '../peers/processes.mjs'

/**
 * @typedef {object} GatewayOf
 * @property {string} name
 * @property {string[]} [servers] server plugins of the service
 * @property {string} [client] a client plugin of each backend
 * @property {string} [folder] where the plugins lie
 * @property {string} [pattern]
 * @property {string} [memory] what a module may have
 * @property {number} [counted] a port for metrics
 * @property {true} [collects] it collects garbage when it is told to: see {@link collectGarbage}
 * @property {true} [krakend] it is KrakenD
 */

const metricsOn = port => ({
  'telemetry/opentelemetry': { exporters: { prometheus: [{ name: 'counted', port, listen_ip: '127.0.0.1' }] } }
})

/** A gateway over the upstream's files. @param {GatewayOf} one */
function configOf({ servers = [], client, folder, pattern = '.so', memory, counted }, { port, upstream }) {
  const endpoints = ['/150.txt', '/16k.json', '/1m.txt'].map(endpoint => ({
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
    ...(folder === undefined
      ? {}
      : { plugin: { folder: `${folder}/`, pattern, ...(memory === undefined ? {} : { wasm: { max_memory: memory } }) } }),
    endpoints,
    extra_config: {
      router: { disable_access_log: true },
      'telemetry/logging': { level: 'CRITICAL', stdout: true },
      ...(servers.length === 0 ? {} : { 'plugin/http-server': { name: servers } }),
      ...(counted === undefined ? {} : metricsOn(counted))
    }
  }
}

/** A peer for {@link measureCase}. @param {GatewayOf} one */
export const gateway = one => ({
  name: one.name,
  prepare: at => {
    const file = path.join(at.folder, `${one.name.replaceAll(/\W+/g, '-')}-${at.port}.json`)
    writeFileSync(file, JSON.stringify(configOf(one, at)))
    const command = one.krakend ? runKrakend(file) : [process.execPath, sluiceCli, 'run', '-c', file]
    const collector = one.collects ? { NODE_OPTIONS: `--import ${new URL('./collect.mjs', import.meta.url)}` } : {}
    return { command, env: { NODE_ENV: 'production', ...collector } }
  }
})

/** Whether plugins of the service have done their work, as a response shows it. Of several that set the same field one or all are seen. */
export function ran({ servers = [] }, { headers, body }) {
  const rewriting = servers.filter(name => name.startsWith('rewrite'))
  if (rewriting.length > 0) return rewriting.includes(JSON.parse(body).name)
  const stamped = headers['x-served-by']?.split(', ') ?? []
  return servers.length === 0 ? stamped.length === 0 : servers.some(name => stamped.includes(name))
}

/** This process, and what it starts, leaves the processor of those that are measured; a start may use all. */
const onAllCpus = command =>
  PINNED === undefined ? command : ['taskset', '-c', [...PINNED.others, PINNED.gateway].join(','), ...command]

/** Starts a gateway on any processor, does `work` with it, ends it. @param {GatewayOf} one */
export async function withGateway(one, { upstream, folder }, work) {
  const port = await freePort()
  const { command, env } = gateway(one).prepare({ port, upstream, folder })
  const running = await start(one.name, onAllCpus(command), env, port)
  try {
    return await work(running)
  } finally {
    await stop(running)
  }
}

/** A full collection of garbage in a gateway that `collects`; over when metrics have been read. */
export function collectGarbage({ child }) {
  child.kill('SIGCONT')
}

/** Returns what reads a metric: the sum over its labels. */
export async function metricsOf(port) {
  const lines = (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).split('\n')
  return name =>
    lines
      .filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
