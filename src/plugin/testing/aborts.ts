/**
 * Breaks exchanges off, at every stage and on both sides, and checks what is left afterwards.
 *
 * In: the requests that a test made, and the upstream's responses to them. Each is replayed over real sockets in a gateway of
 * its own, once per stage. Out: what was wrong, in words: which stage, which request, what to do.
 */

import { internals } from '../../message/internals.js'
import type { PluginModule } from '../types.js'
import { ABORT_STAGES, type AbortStage, FAULTS } from './abort-stages.js'
import { bodyLength, distinct, type RecordedCase } from './cases.js'
import { type ClientOutcome, TestClient } from './client.js'
import { HANG_MS, limited, more, quiet, resources, SETTLE_MS, turns, until, wait } from './leaks.js'
import { hasFailed, looksWhole, unlike } from './outcome.js'
import { ScriptedUpstream, SeededRandom, type UpstreamAnswer, type UpstreamFault, type UpstreamSeen } from './upstream.js'
import { PluginWatch } from './watch.js'

/** Of a gateway, what is used here. */
export interface AbortableGateway {
  listen(): Promise<{ port: number }>
  close(options?: object): Promise<boolean>
}

export interface AbortRun {
  readonly module: PluginModule
  /** The plugin's name, as its log lines have it. */
  readonly name: string
  readonly cases: readonly RecordedCase[]
  readonly stages: readonly AbortStage[]
  readonly seed: number
  /** The endpoint's timeout is the test's own: nothing stalls. */
  readonly ownTimeout: boolean
  /** Starts a gateway over the upstream; `lines` gets its log. */
  start(module: PluginModule, host: string, timeout: string, lines: string[]): Promise<AbortableGateway>
}

/** Returns what was found. */
export async function runAborts(run: AbortRun): Promise<string[]> {
  const before = resources()
  const aborts = new Aborts(run)
  await aborts.all()
  const left = (): string[] => more(resources(), before)
  if (!(await until(() => left().length === 0))) {
    aborts.found.push(
      `after the gateway had closed, ${left().join(', ')} kept the process alive: end in the factory's context.signal what the ` +
        'plugin opened (timers, sockets, watchers). Other code of the test may have opened it too: then begin it before testPlugin()'
    )
  }
  return aborts.found
}

class Aborts {
  readonly found: string[] = []
  private readonly run: AbortRun
  private readonly watch = new PluginWatch()
  private readonly upstream: ScriptedUpstream
  private readonly random: SeededRandom
  private readonly lines: string[] = []
  private port = 0
  private replay: RecordedCase | undefined
  private given = 0
  /** Sockets that belong to the plugin itself, and timers, after a normal exchange. */
  private calm = { sockets: Number.POSITIVE_INFINITY, timers: Number.POSITIVE_INFINITY }

  constructor(run: AbortRun) {
    this.run = run
    this.random = new SeededRandom(run.seed)
    this.upstream = new ScriptedUpstream(call => this.answer(call), run.seed)
  }

  async all(): Promise<void> {
    const { cases, stages } = this.run
    const host = await this.upstream.listen()
    this.timeoutMs = timeoutFor(cases.map(one => one.ms))
    const gateway = await this.run.start(this.watch.module(this.run.module), host, `${this.timeoutMs}ms`, this.lines)
    const lost = (reason: unknown): void => {
      this.say(`a promise was rejected and never handled: ${reason instanceof Error ? reason.stack : String(reason)}`)
    }
    process.on('unhandledRejection', lost)
    try {
      this.port = (await gateway.listen()).port
      for (const one of distinct(cases)) await this.breakOff(one, stages)
    } finally {
      this.where = ''
      if (!(await gateway.close({ graceMs: HANG_MS }))) this.say('the gateway could not close: an exchange never ended')
      await this.upstream.close()
      await turns()
      process.off('unhandledRejection', lost)
    }
    this.found.push(...this.watch.faults)
  }

  /** The timeout of the gateway's endpoint. */
  private timeoutMs = 0
  /** What is looked at, for messages. */
  private where = ''

  private say(text: string): void {
    this.found.push(this.where === '' ? text : `${this.where}: ${text}`)
  }

  private async breakOff(one: RecordedCase, stages: readonly AbortStage[]): Promise<void> {
    const name = `${one.request.method} ${one.request.path}`
    this.replay = one
    this.where = `${name}, replayed`
    this.upstream.calls.length = 0
    let normal = await this.normal(one)
    // a slow moment of the machine is no measure
    for (let n = 0; n < 3 && normal !== undefined && hasFailed(normal); n++) normal = await this.normal(one)
    if (normal === undefined)
      return this.say('the exchange never ended; it did in the test: nothing may depend on what came before it')
    const calls = [...this.upstream.calls]
    if (!(await this.settled())) this.sayLeft()
    await wait(5) // connections that were closing are closed
    this.calm = await this.busy()
    for (const [index, stage] of stages.entries()) {
      if (!this.applies(stage, one, calls)) continue
      this.where = `${name}, broken off at '${stage}' (${ABORT_STAGES[stage]}), seed ${this.run.seed}`
      const soFar = this.found.length
      await this.stage(stage, index, one, normal, calls)
      let again = await this.normal(one)
      // a slow moment of the machine is no fault
      for (let n = 0; n < 3 && again !== undefined && unlike(again, normal); n++) again = await this.normal(one)
      if (again === undefined) this.say('the next request never got an answer')
      else if (unlike(again, normal)) {
        this.say(
          `the next request got ${again.whole ? 'a 500' : 'a broken answer'} where ${normal.status} is right${this.lastWords()}`
        )
      }
      if (this.found.length > soFar)
        this.found.push(`  to run this alone: testPlugin(module, { seed: ${this.run.seed}, aborts: ['${stage}'] })`)
    }
  }

  private applies(stage: AbortStage, { request, answers }: RecordedCase, calls: readonly UpstreamSeen[]): boolean {
    if (stage === 'client-leaves-upload') return request.body !== undefined && request.body.length > 1
    if (stage === 'client-leaves-at-once' || stage === 'client-leaves-head') return true
    if (calls.length === 0) return false // the plugin makes the response itself
    if (stage.startsWith('upstream-stalls') && this.run.ownTimeout) return false
    const inBody = FAULTS[stage]?.where
    if (inBody !== 'in-body' && inBody !== 'after-head') return true
    return calls.every(call => call.method !== 'HEAD') && answers.some(({ answer }) => bodyLength(answer) > 1)
  }

  private async stage(
    stage: AbortStage,
    index: number,
    one: RecordedCase,
    normal: ClientOutcome,
    calls: readonly UpstreamSeen[]
  ): Promise<void> {
    const { upstream, watch } = this
    const fault = FAULTS[stage]
    const from = calls.length === 0 ? 0 : index % calls.length // several calls: another one fails each time
    const at = 0.1 + (this.random.next() % 80) / 100
    const logged = this.lines.length
    this.begin(fault === undefined ? undefined : { ...fault, from, at })
    const { port } = upstream
    if (stage === 'upstream-refuses') await upstream.close()
    const happened = once()
    watch.onEnter = request => {
      if (stage === 'client-leaves-at-once' || stage === 'client-leaves-upload') setImmediate(happened.now)
      if (stage === 'signal-aborts') void Promise.race([happened.promise, quiet()]).then(() => internals(request).scope.fire())
    }
    upstream.onEvent = what => {
      if (what === 'struck' && stage !== 'client-leaves-head') happened.now()
    }
    const client = new TestClient(this.port, one.request, stage === 'client-leaves-upload')
    client.onEvent = what => {
      if (stage === 'client-leaves-head' && what === 'head') happened.now()
    }
    if (stage.startsWith('client-')) {
      // half an upload may wait in the plugin, a head behind a body that it holds: then there is only silence
      await Promise.race([happened.promise, client.outcome, quiet()])
      await turns()
      client.leave()
    }
    const outcome = await limited(client.outcome, this.timeoutMs)
    if (outcome === undefined) {
      this.say(
        'the client got neither an answer nor the end of its connection: what the plugin waits for must end with request.signal'
      )
      client.leave()
    } else if (
      stage.startsWith('upstream-') &&
      fault !== undefined &&
      fault.where !== 'before-head' &&
      looksWhole(outcome, normal)
    ) {
      this.say(
        `the client got ${outcome.body.length} of ${normal.body.length} bytes as a whole answer with status ${outcome.status}: ` +
          'a body that breaks off must break off for the client too; pass the error on (destroy the stream with it) instead of ending'
      )
    }
    if (stage === 'upstream-refuses') await upstream.listen(port)
    this.lookAtUploads(stage, calls)
    watch.onEnter = () => {}
    upstream.onEvent = () => {}
    if (!(await this.settled())) this.sayLeft()
    await turns() // log lines come a little later
    for (const line of this.lines.slice(logged)) {
      if (line.includes(`[Plugin: ${this.run.name}]`) && /\b(?:Type|Reference|Range|Syntax)Error\b/.test(line)) {
        this.say(`the plugin made a mistake of its own: ${line}`)
      }
    }
    const { sockets, timers } = await this.busy() // what is left is told once
    this.calm = { sockets: Math.max(sockets, this.calm.sockets), timers: Math.max(timers, this.calm.timers) }
  }

  /** A client that leaves in the middle of its upload must not look as if it had sent all. */
  private lookAtUploads(stage: AbortStage, calls: readonly UpstreamSeen[]): void {
    if (stage !== 'client-leaves-upload') return
    for (const { body } of this.upstream.calls) {
      const half = calls.some(call => body.length < call.body.length && call.body.subarray(0, body.length).equals(body))
      if (half) this.say(`the upstream got ${body.length} bytes of a longer upload as a whole request`)
    }
  }

  private begin(fault: UpstreamFault | undefined): void {
    this.upstream.begin(fault)
    this.upstream.calls.length = 0
    this.given = 0
  }

  private async normal(one: RecordedCase): Promise<ClientOutcome | undefined> {
    this.begin(undefined)
    const client = new TestClient(this.port, one.request)
    const outcome = await limited(client.outcome, this.timeoutMs)
    if (outcome === undefined) client.leave()
    return outcome
  }

  /** What the upstream sent in the test: to the same call, else in the same order. */
  private answer(call: UpstreamSeen): UpstreamAnswer {
    const answers = this.replay?.answers ?? []
    const same = answers.filter(one => one.call.url === call.url && one.call.method === call.method)
    const from = same.length > 0 ? same : answers
    return from[Math.min(this.given++, from.length - 1)]?.answer ?? {}
  }

  /** Sockets beside those of the upstream, and timers. */
  private async busy(): Promise<{ sockets: number; timers: number }> {
    const counts = resources()
    const upstream = await this.upstream.connections() // their other ends, idle in the pool, keep nothing alive
    return { sockets: (counts.get('TCPSocketWrap') ?? 0) - upstream, timers: counts.get('Timeout') ?? 0 }
  }

  private left: string[] = []

  private async settled(): Promise<boolean> {
    return until(async () => {
      const { sockets, timers } = await this.busy()
      const { openNow } = this.upstream
      const { running } = this.watch
      const open = [...this.watch.openStages].map(one => (one as { what: string }).what)
      this.left = []
      if (openNow > 0) this.left.push(`${openNow} open call(s) to the upstream (discard() answers that are not sent on)`)
      if (sockets > this.calm.sockets) this.left.push(`${sockets - this.calm.sockets} open socket(s)`)
      if (timers > this.calm.timers)
        this.left.push(`${timers - this.calm.timers} timer(s) (clear them when the exchange is over)`)
      if (running > 0)
        this.left.push(`${running} call(s) of the plugin that have not settled (what it waits for must end with request.signal)`)
      for (const what of open) this.left.push(`${what} that heard neither end nor abort`)
      return this.left.length === 0
    })
  }

  private sayLeft(): void {
    this.say(`${SETTLE_MS} ms later this was left: ${this.left.join('; ')}`)
    this.watch.openStages.clear()
    this.watch.running = 0
  }

  private lastWords(): string {
    const line = this.lines.findLast(one => one.includes(`[Plugin: ${this.run.name}]`) || one.includes(' ERROR: '))
    return line === undefined ? '' : `; the log says: ${line}`
  }
}

/** Returns the timeout of replays, ms: every stalled upstream costs it once, and on a machine that others use a sound exchange needs room. */
function timeoutFor(took: readonly number[]): number {
  const sorted = took.toSorted((a, b) => a - b)
  const usual = sorted[sorted.length >> 1]!
  return Math.ceil(Math.max(300, sorted.at(-1)! * 5, Math.min(1000, usual * 50)))
}

function once(): { readonly promise: Promise<void>; readonly now: () => void } {
  let now = (): void => {}
  const promise = new Promise<void>(resolve => {
    now = resolve
  })
  return { promise, now }
}
