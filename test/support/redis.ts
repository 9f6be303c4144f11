/** A real Redis for tests: started on a free port of 127.0.0.1, without files of its own beyond a temporary folder. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from './free-port.js'
import { once, until } from './waiting.js'

/** True where `redis-server` can be run; else a reason, for the `skip` of tests. */
export const NO_REDIS: string | false = findRedis()

function findRedis(): string | false {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return false
  } catch {
    const reason = 'redis-server is not installed: tests with a real Redis are left out'
    console.error(`\n*** ${reason} (apt-get install redis-server)\n`)
    return reason
  }
}

export interface TestRedis {
  readonly port: number
  /** `127.0.0.1:port` */
  readonly address: string
  /** Ends the server at once; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>
  /** Stops the process without closing its connections, and lets it go on. */
  freeze(): void
  thaw(): void
}

type Owner = Pick<TestContext, 'after'>

/** A configuration file that the server may write to, and what it is to be in place of a server. */
interface Role {
  readonly file: string
  readonly mode: string
}

/** Starts a server, and another one when its port was taken meanwhile. @param args more arguments */
export async function startRedis(owner: Owner, args: readonly string[] = [], role?: Role): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-redis-'))
  let child: ChildProcess | undefined
  owner.after(async () => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  })
  const run = async (port: number): Promise<boolean> => {
    const own = role === undefined ? ['--save', '', '--dir', folder] : [role.mode]
    const all = [...(role === undefined ? [] : [role.file]), '--port', String(port), '--bind', '127.0.0.1', ...own, ...args]
    const started = spawn('redis-server', all, { stdio: 'ignore' })
    child = started
    return until(async () => (started.exitCode !== null ? 'gone' : (await listens(port)) && 'up'), 'redis-server listens').then(
      state => state === 'up'
    )
  }
  let port = await freePort()
  for (let attempts = 1; !(await run(port)); attempts++) {
    if (attempts === 5) throw new Error('redis-server did not start')
    port = await freePort()
  }
  return {
    port,
    address: `127.0.0.1:${port}`,
    kill: () => end(child),
    restart: async () => {
      await until(() => run(port), 'redis-server starts again')
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT')
  }
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
