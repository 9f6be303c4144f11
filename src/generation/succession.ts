/**
 * Which generation serves, and how the next one takes its place.
 *
 * In: inputs to compose. Out: `current`, one pointer that is switched when the next generation is complete and its ports are open. What
 * cannot be built changes nothing.
 */

import type { ConfigInput } from '../config/input.js'
import { ConfigError, type ConfigProblem, GatewayError, listFaults, messageOf } from '../errors.js'
import { staleCode } from '../plugin/load/code-prints.js'
import type { GatewayRecord } from '../telemetry/gateway-state.js'
import { inTurns } from '../telemetry/in-turns.js'
import type { Generation } from './generation.js'
import { type Changes, compareConfigs, describeChanges, type ReloadResult } from './reload-result.js'

/** What a generation needs beside itself before it can serve. */
export interface PortChange {
  /** Called at the moment of the switch; cannot fail. */
  commit(): void
  /** Called when there is no switch after all. */
  undo(): Promise<void>
}

export interface SuccessionParts {
  /** What the first generation was composed of. */
  readonly input: string | ConfigInput
  /** `signal` aborts when the gateway closes. */
  readonly compose: (input: string | ConfigInput, signal: AbortSignal) => Promise<Generation>
  /** Opens what the next generation needs and the current one does not have. */
  readonly prepare: (young: Generation) => Promise<PortChange>
  readonly state: GatewayRecord
}

/** The next generation, ready to serve. */
interface Successor {
  readonly young: Generation
  readonly changes: Changes
  readonly change: PortChange
}

export class Succession {
  /** The generation that serves. */
  current: Generation
  /** Generations that were replaced and whose exchanges still run. */
  private readonly retiring = new Set<Generation>()
  private readonly parts: SuccessionParts
  private input: string | ConfigInput
  private last: Promise<unknown> = Promise.resolve()
  /** A reload of the same input that has not begun. */
  private queued: Promise<ReloadResult> | undefined
  private readonly end = new AbortController()

  constructor(first: Generation, parts: SuccessionParts) {
    this.current = first
    first.onServe()
    this.parts = parts
    this.input = parts.input
    this.count()
  }

  /** Replaces the current generation, after all reloads that were asked for before. */
  reload(input?: string | ConfigInput): Promise<ReloadResult> {
    if (input === undefined && this.queued !== undefined) return this.queued
    const reloaded = this.inTurn(() => {
      this.queued = undefined
      return this.replace(input ?? this.input)
    })
    this.queued = input === undefined ? reloaded : undefined
    return reloaded
  }

  /** Runs `work` when all reloads before it are done; those after it wait. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work)
    this.last = done.catch(() => {})
    return done
  }

  private async replace(input: string | ConfigInput): Promise<ReloadResult> {
    const stale = await staleCode()
    const { young, changes, change } = await this.successor(input).catch(error => this.refused(error))
    const old = this.current
    const summary = describeChanges(changes)
    change.commit()
    this.current = young
    young.onServe()
    this.input = input
    this.parts.state.reloaded(true, young.config.problems)
    young.logger.info(`[SERVICE: Reload] The new configuration serves: ${summary}`)
    for (const file of stale)
      young.logger.warning(`[SERVICE: Reload] ${file} has changed, the code loaded before serves on: restart`)
    void this.retire(old)
    return { ...changes, summary, staleCode: stale }
  }

  /** Composes the next generation, up to the moment when it can serve. */
  private async successor(input: string | ConfigInput): Promise<Successor> {
    this.refuseAtEnd()
    const young = await this.parts.compose(input, this.end.signal)
    let change: PortChange | undefined
    try {
      this.refuseAtEnd()
      const changes = await inTurns(compareConfigs(this.current.config, young.config))
      this.refuseAtEnd()
      change = await this.parts.prepare(young)
      this.refuseAtEnd()
      return { young, changes, change }
    } catch (error) {
      await change?.undo()
      await young.close()
      await young.closeLogger()
      throw error
    }
  }

  private refused(error: unknown): never {
    if (!this.end.signal.aborted) {
      const { config, logger } = this.current
      const findings = findingsOf(error, config.source)
      this.parts.state.reloaded(false, findings)
      logger.error(`[SERVICE: Reload] The new configuration is not used, nothing has changed: ${listFaults(findings).join('; ')}`)
    }
    throw error
  }

  private refuseAtEnd(): void {
    if (this.end.signal.aborted) throw new GatewayError('SLUICE_ERR_GATEWAY_CLOSING')
  }

  private async retire(old: Generation): Promise<void> {
    const { maxShutdownWaitMs } = old.config.server
    this.retiring.add(old)
    this.count()
    try {
      const cut = await old.retire(maxShutdownWaitMs)
      if (cut > 0 && !this.end.signal.aborted) {
        const text = `${cut} exchange(s) begun before the reload were still open after max_shutdown_wait_time (${maxShutdownWaitMs}ms) and were cut`
        this.current.logger.warning(`[SERVICE: Reload] ${text}`)
      }
      await old.closeLogger()
    } catch (error) {
      this.current.logger.error('[SERVICE: Reload] the old configuration could not be closed:', (error as Error).stack ?? error)
    } finally {
      this.retiring.delete(old)
      this.count()
    }
  }

  private count(): void {
    this.parts.state.generations = 1 + this.retiring.size
  }

  /** From now on there is no reload; one that is under way is given up. */
  stop(): void {
    this.end.abort(new Error('the gateway is closing'))
  }

  /** Closes all generations but their log. */
  async close(): Promise<void> {
    for (const old of this.retiring) await old.close()
    await this.current.close()
  }
}

/** What kept a configuration from being built, as findings. */
function findingsOf(error: unknown, source: string): readonly ConfigProblem[] {
  if (error instanceof ConfigError) return error.problems
  const message = messageOf(error)
  return [{ level: 'error', file: source, pointer: '', message }]
}
