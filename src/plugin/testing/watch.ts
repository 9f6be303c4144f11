/** Watches what a plugin under test does to bodies: values changed without a word, stages used for two bodies, chunks that are kept. */

import { Stream } from 'node:stream'
import { internals } from '../../message/internals.js'
import { stringifyJsonValue } from '../../message/json/exact-json.js'
import type { Body, GatewayRequest } from '../../message/public.js'
import { isResponse } from '../../message/response.js'
import { exportOf, SYMBOLS } from '../load/registry.js'
import type { Handler, HandlerFactory, Modifier, ModifierFactory, PluginModule } from '../types.js'

/** Most faults that are kept: one mistake may show in every exchange. */
const MAX_FAULTS = 20

export class PluginWatch {
  /** What was found, in words. */
  readonly faults: string[] = []
  /** Observers and stages that got neither `end` nor `abort`. */
  readonly openStages = new Set<object>()
  /** Calls of the plugin that have not settled. */
  running = 0
  /** Called when a request comes to the plugin. */
  onEnter: (request: GatewayRequest) => void = () => {}
  private readonly stages = new WeakSet<object>()
  private readonly bodies = new WeakSet<Body>()

  /** The same module with every factory watched. */
  module(module: PluginModule): PluginModule {
    const watched: Record<string, unknown> = { apiVersion: exportOf(module, 'apiVersion') }
    for (const { symbol, method, kind } of SYMBOLS) {
      const plugin = exportOf(module, symbol) as Record<string, unknown> | undefined
      if (plugin === undefined) continue
      const wrap = (factory: unknown): unknown =>
        kind === 'modifier' ? this.modifier(factory as ModifierFactory) : this.handler(factory as HandlerFactory)
      watched[symbol] = {
        registerLogger: (logger: unknown) => (plugin.registerLogger as ((l: unknown) => void) | undefined)?.call(plugin, logger),
        [method]: (register: (name: string, factory: unknown, about?: object) => void) =>
          (plugin[method] as (r: unknown) => unknown)((name: string, factory: unknown, about?: object) =>
            register(name, wrap(factory), about)
          )
      }
    }
    return watched as PluginModule
  }

  private handler(factory: HandlerFactory): HandlerFactory {
    return async (context, extra, next) => {
      const handler: Handler = await factory(context, extra, request =>
        next(request).then(response => {
          this.body(response.body, request, 'response')
          return response
        })
      )
      if (typeof handler !== 'function') return handler
      return request => {
        this.body(request.body, request, 'request')
        this.onEnter(request)
        return this.counted(handler(request))
      }
    }
  }

  /** Counts what a plugin returned while it has not settled. The returned value stays the very same. */
  private counted<T>(answer: T): T {
    if (!(answer instanceof Promise)) return answer
    this.running++
    const settled = (): void => void this.running--
    answer.then(settled, settled)
    return answer
  }

  private fault(text: string): void {
    if (this.faults.length < MAX_FAULTS && !this.faults.includes(text)) this.faults.push(text)
  }

  private modifier(factory: ModifierFactory): ModifierFactory {
    return async (context, extra) => {
      const modifier: Modifier = await factory(context, extra)
      if (typeof modifier !== 'object' || modifier === null) return modifier
      const watched: Modifier = {}
      if (typeof modifier.request === 'function') {
        watched.request = request => {
          this.body(request.body, request, 'request')
          this.onEnter(request)
          return this.counted(modifier.request!(request))
        }
      }
      if (typeof modifier.response === 'function') {
        watched.response = (response, request) => {
          if (isResponse(response)) this.body(response.body, request, 'response')
          if (typeof modifier.request !== 'function') this.onEnter(request)
          return this.counted(modifier.response!(response, request))
        }
      }
      return watched
    }
  }

  private body(body: Body, request: GatewayRequest, side: string): void {
    if (this.bodies.has(body)) return
    this.bodies.add(body)
    const where = `${request.method} ${request.path}`
    const read = body.json.bind(body)
    const { exchange } = internals(request)
    const isUnchanged = (): boolean => internals(body).untouched
    let seen = false
    body.json = (async (limit?: number) => {
      const value = await read(limit)
      if (!seen && isUnchanged() && typeof value === 'object' && value !== null) {
        seen = true
        const before = stringifyJsonValue(value)
        exchange.atEnd(() => {
          if (isUnchanged() && stringifyJsonValue(value) !== before) {
            this.fault(`${where}: the JSON value of the ${side} was changed; call touchJson(), or use editJson()`)
          }
        })
      }
      return value
    }) as Body['json']
    const once = (stage: unknown): void => {
      if (typeof stage !== 'object' || stage === null) return
      if (this.stages.has(stage)) this.fault(`${where}: a stage object serves one body; make one per ${side}`)
      this.stages.add(stage)
    }
    for (const name of ['tap', 'transform', 'tokens'] as const) {
      const method = body[name].bind(body) as (stage: unknown, options?: object) => void
      body[name] = (given: unknown, options?: object) => {
        once(given)
        const stage = typeof given === 'function' ? { chunk: given } : given
        if (name !== 'tokens') lendTo(stage)
        const empty = body.bytesInMemory()?.length === 0 // then no stage is called
        method(stage, options)
        if (!empty) this.expectEnd(stage, `${where}: ${STAGE_NAMES[name]} of the ${side}`)
      }
    }
  }

  /** Counts `end` and `abort`: exactly one of them is called. */
  private expectEnd(stage: unknown, what: string): void {
    if (typeof stage !== 'object' || stage === null || !Object.isExtensible(stage)) return
    const mark = { what }
    this.openStages.add(mark)
    if (stage instanceof Stream) {
      stage.once('close', () => this.openStages.delete(mark))
      return
    }
    const told = stage as { end?: (...args: unknown[]) => unknown; abort?: (...args: unknown[]) => unknown }
    const { end, abort } = told
    const heard = (name: string): void => {
      if (!this.openStages.delete(mark))
        this.fault(`${what} heard ${name} after it had heard its end: exactly one of both is right`)
    }
    told.end = (...args) => {
      heard('end')
      return end?.apply(stage, args)
    }
    told.abort = (...args) => {
      heard('abort')
      return abort?.apply(stage, args)
    }
  }
}

const STAGE_NAMES = { tap: 'an observer', transform: 'a byte stage', tokens: 'a token stage' } as const

/** What overwrites a chunk after its stage has seen it. */
const SPENT = '?'.charCodeAt(0)

/** Makes a stage's chunks worth nothing once it has returned: what it keeps of them without a copy shows up as question marks. */
function lendTo(stage: unknown): void {
  if (typeof stage !== 'object' || stage === null || stage instanceof Stream || !Object.isExtensible(stage)) return
  const told = stage as { chunk?: (chunk: Uint8Array) => unknown }
  const { chunk } = told
  if (typeof chunk !== 'function') return
  told.chunk = given => {
    const lent = Buffer.from(new Uint8Array(given).buffer)
    const answer = chunk.call(stage, lent)
    const parts = Array.isArray(answer) ? answer.map(part => ownCopy(part, lent)) : ownCopy(answer, lent)
    lent.fill(SPENT)
    return parts
  }
}

function ownCopy(part: unknown, lent: Buffer): unknown {
  return part instanceof Uint8Array && part.buffer === lent.buffer ? Buffer.from(part) : part
}
