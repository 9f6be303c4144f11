/** Gateways and upstreams in processes of their own, and what they weigh (Linux). */

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pause, within } from './waiting.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const TYPESCRIPT = ['--conditions=sluice-source', '--import', 'tsx']

export interface Running {
  readonly pid: number
  readonly port: number
}

type Owner = Pick<TestContext, 'after'>

/** Starts a TypeScript program that prints its port, and kills it with the test. */
async function start(owner: Owner, args: readonly string[], port: RegExp): Promise<Running> {
  const child: ChildProcess = spawn(process.execPath, [...TYPESCRIPT, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  owner.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout! })
  const running = new Promise<Running>((resolve, reject) => {
    lines.on('line', line => {
      const found = port.exec(line)
      if (found !== null) resolve({ pid: child.pid!, port: Number(found[1]) })
    })
    lines.once('close', () => reject(new Error(`${args[0]} did not start`)))
  })
  return within(`the port of ${args[0]}`, running)
}

/** Starts a gateway with a configuration. */
export async function startGateway(owner: Owner, config: object): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-gateway-'))
  owner.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'gateway.json')
  await writeFile(file, JSON.stringify({ version: 3, listen_ip: '127.0.0.1', ...config }))
  return start(owner, ['src/cli.ts', 'run', '-c', file, '-p', '0'], /Listening on port: (\d+)/)
}

/** Starts `heavy-upstream.ts`; answers its origin. */
export async function startHeavyUpstream(owner: Owner): Promise<string> {
  const { port } = await start(owner, ['test/support/heavy-upstream.ts'], /^port (\d+)/)
  return `http://127.0.0.1:${port}`
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
}

/** Runs work and answers how far a process grew meanwhile, bytes. */
export async function growthDuring(pid: number, work: () => Promise<unknown>): Promise<number> {
  const before = residentBytes(pid)
  let most = before
  let over = false
  const done = work().finally(() => {
    over = true
  })
  while (!over) {
    most = Math.max(most, residentBytes(pid))
    await pause(20)
  }
  await done
  return most - before
}
