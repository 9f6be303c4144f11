/** The machine that is measured on: its processors, who uses them, and how the processes are spread over them. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { nodeVersion } from './node-program.mjs'
import { onPath } from './processes.mjs'

/** '0-2,5' → [0, 1, 2, 5], as the kernel writes lists of processors. */
export function cpuList(text) {
  return text
    .trim()
    .split(',')
    .flatMap(part => {
      const [first, last = first] = part.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    })
}

/**
 * The last processor for the one that is measured, the others for load and upstream; those that share a core with it stay idle where others are left.
 * @param {number[]} allowed
 * @param {number[]} siblings processors on the core of the last one
 */
export function placementOf(allowed, siblings) {
  const gateway = allowed.at(-1)
  const rest = allowed.filter(cpu => cpu !== gateway)
  const apart = rest.filter(cpu => !siblings.includes(cpu))
  return { gateway, others: apart.length > 0 ? apart : rest }
}

function placement() {
  if (process.env.BENCH_PIN === '0' || !onPath('taskset')) return undefined
  const allowed = cpuList(/Cpus_allowed_list:\s+(\S+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0')
  if (allowed.length < 2) return undefined
  let siblings = []
  try {
    siblings = cpuList(readFileSync(`/sys/devices/system/cpu/cpu${allowed.at(-1)}/topology/thread_siblings_list`, 'latin1'))
  } catch {
    // not told
  }
  return placementOf(allowed, siblings)
}

/** Which processors who gets; undefined where nothing is pinned. */
export const PINNED = placement()

/** The command of one that is measured, kept on its processor. */
export const onOwnCpu = command => (PINNED === undefined ? command : ['taskset', '-c', String(PINNED.gateway), ...command])

/** Moves this process, and with it load and upstream that it starts from now on, to the other processors. */
export function leaveGatewayCpu() {
  if (PINNED !== undefined) spawnSync('taskset', ['-a', '-c', '-p', PINNED.others.join(','), String(process.pid)])
}

/** What the figures were taken on. */
export function machine() {
  const list = cpus()
  return `node ${nodeVersion()}, ${list.length} × ${list[0]?.model.trim()}`
}

/** How the processes were spread, as a sentence. */
export function pinning() {
  if (PINNED === undefined) return 'Nothing was pinned to a processor (no `taskset`, one processor, or `BENCH_PIN=0`).'
  return `Each of those measured ran on processor ${PINNED.gateway} alone, load and upstream on ${PINNED.others.join(', ')} (\`taskset\`).`
}

/** Ticks of all processors since the start: all of them, and those in which a process worked or the host took the machine away. */
export function machineTicks() {
  const [user, nice, system, idle, iowait, irq, softirq, steal] = /^cpu +(.*)$/m
    .exec(readFileSync('/proc/stat', 'latin1'))[1]
    .split(' ')
    .map(Number)
  const busy = user + nice + system + irq + softirq + steal
  return { all: busy + idle + iowait, busy }
}
