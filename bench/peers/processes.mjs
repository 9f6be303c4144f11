/** Child processes and what /proc tells about them. Linux only. */
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'

const TICKS_PER_SECOND = Number(spawnSync('getconf', ['CLK_TCK']).stdout?.toString()) || 100

/** Returns whether a program is on the PATH. */
export function onPath(name) {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
}

/** Returns a port of 127.0.0.1 that is free. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise(resolve => server.close(resolve))
  return port
}

function connects(port) {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Starts a program and waits until it accepts connections on `port`; returns it with the ms that took. */
export async function start(name, [command, ...args], env, port) {
  const began = performance.now()
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', chunk => {
    if (said.length < 4000) said += chunk
  })
  let ended = false
  child.once('exit', () => {
    ended = true
  })
  while (!(await connects(port))) {
    if (ended || performance.now() - began > 60_000) {
      child.kill('SIGKILL')
      throw new Error(`${name} did not start: ${said}`)
    }
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  return { name, child, port, startMs: performance.now() - began }
}

/** Ends a program that {@link start} started. */
export function stop({ child }) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  const ended = new Promise(resolve => child.once('exit', resolve))
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000)
  child.kill('SIGTERM')
  return ended.then(() => clearTimeout(timer))
}

/** The process and everything below it. */
function treeOf(root) {
  const children = new Map()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const fields = statOf(entry)
    if (fields === undefined) continue
    const parent = Number(fields[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const tree = []
  const walk = pid => {
    tree.push(pid)
    for (const child of children.get(pid) ?? []) walk(child)
  }
  walk(root)
  return tree
}

/** The fields of /proc/PID/stat behind the command's name; [1] is the parent, [11] to [14] are ticks: user, system, and both of ended children. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** User and system time of each thread of a process tree, µs; threads where the kernel counts nanoseconds, else processes in ticks. */
export function cpuTimes({ child }) {
  const times = new Map()
  for (const pid of treeOf(child.pid)) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`))
        times.set(thread, Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ', 1)[0]) / 1000)
    } catch {
      const fields = statOf(pid)
      if (fields !== undefined) times.set(String(pid), ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND)
    }
  }
  return times
}

/** µs between two {@link cpuTimes}. */
export function cpuBetween(before, after) {
  let sum = 0
  for (const [thread, time] of after) sum += time - (before.get(thread) ?? 0)
  return sum
}

/** Ticks that this process and all below it have used, those that ended included. */
export function ownTicks() {
  let ticks = 0
  for (const pid of treeOf(process.pid)) {
    const fields = statOf(pid)
    for (let i = 11; i <= 14 && fields !== undefined; i++) ticks += Number(fields[i])
  }
  return ticks
}

/** Peak resident memory of a process tree, bytes. */
export function peakRss(process) {
  return memory(process, /VmHWM:\s+(\d+)/)
}

/** Resident memory of a process tree now, bytes. */
export function residentNow(process) {
  return memory(process, /VmRSS:\s+(\d+)/)
}

/** Descriptors that the processes have open. */
export function descriptorsNow({ child }) {
  let count = 0
  for (const pid of treeOf(child.pid)) {
    try {
      count += readdirSync(`/proc/${pid}/fd`).length
    } catch {
      // gone
    }
  }
  return count
}

function memory({ child }, field) {
  let kib = 0
  for (const pid of treeOf(child.pid)) {
    try {
      kib += Number(field.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0)
    } catch {
      // gone
    }
  }
  return kib * 1024
}
