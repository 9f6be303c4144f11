/** Who is measured, and how each is started. */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gatewayConfig, haproxyGateway, nginxGateway, nginxUpstream } from './configs.mjs'
import { leaveGatewayCpu, onOwnCpu } from './machine.mjs'
import { nodeProgram } from './node-program.mjs'
import { UsageError } from './options.mjs'
import { freePort, onPath, start } from './processes.mjs'
import { fastifyEnv, realConfig } from './real-life.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
/** The program of KrakenD, where there is one to compare with. */
export const KRAKEND = process.env.BENCH_KRAKEND
/** The build that is measured. */
export const sluiceCli = path.resolve(process.env.BENCH_SLUICE || path.join(here, '..', '..', 'dist', 'cli.js'))

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {(kind: string) => boolean} does which kinds of cases it takes part in
 * @property {true} [guarded] it has the components of real-life.mjs
 * @property {(at: { port: number, upstream: string, folder: string }) => { command: string[], env?: Record<string, string> }} prepare
 */

const node = (name, file, kinds, env = () => ({})) => ({
  name,
  does: kind => kinds.includes(kind),
  prepare: ({ port, upstream, folder }) => ({
    command: [nodeProgram(), path.join(here, 'programs', file)],
    env: { PORT: String(port), UPSTREAM: upstream, NODE_ENV: 'production', ...env(folder) }
  })
})

// KrakenD knows a file's format by its ending only
const configured = (name, does, ending, text, command) => ({
  name,
  does,
  prepare: at => {
    const file = path.join(at.folder, `${name.replaceAll(/\W+/g, '-')}-${at.port}.${ending}`)
    writeFileSync(file, text(at))
    return { command: command(file), env: { NODE_ENV: 'production' } }
  }
})

const config = options => at => JSON.stringify(gatewayConfig({ ...at, logged: false, endpoints: 0, ...options }))

const real = bare => at => JSON.stringify(realConfig({ ...at, bare }))
const guarded = peer => ({ ...peer, guarded: true })

/** The command that runs Sluice with a file. */
export const runSluice =
  (program = sluiceCli) =>
  file => [nodeProgram(), program, 'run', '-c', file]
/** The command that runs KrakenD with a file. USAGE_DISABLE: it is not to report to its makers. */
export const runKrakend = file => ['env', 'USAGE_DISABLE=1', KRAKEND, 'run', '-c', file]

/** KrakenD's version and the Go that compiled it, as a sentence. */
export function krakendVersion() {
  const { stdout, stderr } = spawnSync(KRAKEND, ['version'], { encoding: 'utf8' })
  const told = `${stdout ?? ''}${stderr ?? ''}`
  const of = name => new RegExp(`^${name} Version: *(\\S+)`, 'm').exec(told)?.[1] ?? 'of an unknown version'
  return `KrakenD ${of('KrakenD')}, compiled with Go ${of('Go')}.`
}

const sluice = (name, does, options = {}, program = sluiceCli) =>
  configured(name, does, 'json', config(options), runSluice(program))
const krakend = (name, does, options = {}) => configured(name, does, 'json', config(options), runKrakend)

const PROXIES = ['pass', 'log']
const only =
  (...kinds) =>
  kind =>
    kinds.includes(kind)

/** @returns {Peer[]} the peers that this machine has; `bare`, when a case has it, is the first */
export function peers() {
  const list = [
    node('bare', 'bare.mjs', [...PROXIES, 'routes']),
    sluice('Sluice', only('pass', 'aggregate', 'joined', 'log')),
    sluice('Sluice (logs on)', only('log'), { logged: true }),
    sluice('Sluice (1 endpoint)', only('routes')),
    sluice('Sluice (1000 endpoints)', only('routes'), { endpoints: 1000 }),
    sluice('Sluice (10000 endpoints)', only('routes'), { endpoints: 10_000 }),
    node('fast-proxy', 'fast-proxy.mjs', PROXIES),
    node('@fastify/http-proxy', 'fastify-http-proxy.mjs', PROXIES),
    node('http-proxy-3', 'http-proxy-3.mjs', PROXIES),
    node('naive aggregator', 'naive.mjs', ['aggregate', 'joined']),
    node('splice', 'splice.mjs', ['joined']),
    node('bare splice', 'bare-splice.mjs', ['joined']),
    configured('Sluice (no components)', only('real'), 'json', real(true), runSluice()),
    guarded(configured('Sluice (real life)', only('real'), 'json', real(false), runSluice())),
    guarded(node('fastify (real life)', 'fastify-real-life.mjs', ['real'], fastifyEnv))
  ]
  if (onPath('nginx')) list.push(configured('nginx', only(...PROXIES), 'conf', nginxGateway, file => ['nginx', '-c', file]))
  if (onPath('haproxy'))
    list.push(configured('HAProxy', only(...PROXIES), 'conf', haproxyGateway, file => ['haproxy', '-W', '-f', file]))
  if (KRAKEND) {
    list.push(
      krakend('KrakenD', only('pass', 'aggregate', 'joined', 'log')),
      configured('KrakenD (no components)', only('real'), 'json', real(true), runKrakend),
      guarded(configured('KrakenD (real life)', only('real'), 'json', real(false), runKrakend)),
      krakend('KrakenD (logs on)', only('log'), { logged: true }),
      krakend('KrakenD (1 endpoint)', only('routes')),
      krakend('KrakenD (10000 endpoints)', only('routes'), { endpoints: 10_000 })
    )
  }
  const other = process.env.BENCH_OTHER
  if (other)
    list.splice(
      2,
      0,
      sluice('Sluice (other build)', only('pass', 'aggregate', 'joined', 'log', 'routes'), {}, path.resolve(other))
    )
  return list
}

/**
 * Looks for the programs that the environment names.
 * @throws {UsageError}
 */
export function checkPrograms() {
  if (!existsSync(sluiceCli)) throw new UsageError(`${sluiceCli} is missing: run \`npm run build\` first`)
  for (const name of ['BENCH_OTHER', 'BENCH_KRAKEND']) {
    const program = process.env[name]
    if (program && !existsSync(program) && !(name === 'BENCH_KRAKEND' && onPath(program)))
      throw new UsageError(`${name}: there is no ${program}`)
  }
}

/** Starts one peer on a free port, on the processor of those that are measured. */
export async function startPeer(peer, upstream, folder) {
  const port = await freePort()
  const { command, env } = peer.prepare({ port, upstream, folder })
  return start(peer.name, onOwnCpu(command), env, port)
}

export const UPSTREAM = onPath('nginx') ? 'nginx' : 'node'

/** Starts the upstream: nginx where it is on the PATH, else a node process. From then on this process shares its processors. */
export async function startUpstream(root, folder) {
  leaveGatewayCpu()
  const port = await freePort()
  if (UPSTREAM === 'node')
    return start(
      'upstream',
      [process.execPath, path.join(here, 'programs', 'upstream.mjs')],
      { PORT: String(port), ROOT: root },
      port
    )
  const file = path.join(folder, 'upstream.conf')
  writeFileSync(file, nginxUpstream({ port, folder, root }))
  return start('upstream', ['nginx', '-c', file], {}, port)
}
