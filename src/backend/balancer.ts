/**
 * Chooses the host of each call to a backend.
 *
 * In: the backend's hosts. Out: one of them per call. KrakenD's rule: one host is constant; several are drawn at random per request.
 * Where the process has one CPU they take turns from a random start; `GOMAXPROCS=1` says so too, as deployments of KrakenD do.
 * A host listed twice gets twice the share. No health checks and no retry on another host: breakers do the first, plugins the second.
 */

import { availableParallelism } from 'node:os'

/** Chooses hosts; called per request. */
export interface Balancer {
  /** Returns the next host, or undefined when there is none. */
  next(): string | undefined
}

export interface BalancerOptions {
  /** A number in [0, 1). Default `Math.random`. */
  readonly random?: () => number
  /** Default: {@link cpuCount}. */
  readonly cpus?: number
}

/** Returns how many CPUs this process may use: `GOMAXPROCS` when it is a positive number, else what the operating system grants. */
export function cpuCount(env: NodeJS.ProcessEnv = process.env): number {
  const wanted = Number(env.GOMAXPROCS)
  return Number.isInteger(wanted) && wanted > 0 ? wanted : availableParallelism()
}

/** Creates the balancer of a fixed list of hosts. */
export function createBalancer(hosts: readonly string[], options: BalancerOptions = {}): Balancer {
  if (hosts.length <= 1) return new OneHost(hosts[0])
  const random = options.random ?? Math.random
  return (options.cpus ?? cpuCount()) === 1 ? new RoundRobin(hosts, random) : new RandomHost(hosts, random)
}

class OneHost implements Balancer {
  private readonly host: string | undefined

  constructor(host: string | undefined) {
    this.host = host
  }

  next(): string | undefined {
    return this.host
  }
}

class RoundRobin implements Balancer {
  private readonly hosts: readonly string[]
  private index: number

  constructor(hosts: readonly string[], random: () => number) {
    this.hosts = hosts
    this.index = Math.floor(random() * hosts.length)
  }

  next(): string {
    const host = this.hosts[this.index]!
    this.index = this.index + 1 === this.hosts.length ? 0 : this.index + 1
    return host
  }
}

class RandomHost implements Balancer {
  private readonly hosts: readonly string[]
  private readonly random: () => number

  constructor(hosts: readonly string[], random: () => number) {
    this.hosts = hosts
    this.random = random
  }

  next(): string {
    return this.hosts[Math.floor(this.random() * this.hosts.length)]!
  }
}
