/** Watches what a plugin under test does to bodies: values changed without a word, stages used for two bodies. */

import type { Body } from '../message/body.js'
import { stringifyJsonValue } from '../message/json-value.js'
import type { GatewayRequest } from '../message/request.js'
import { isGatewayResponse } from '../message/response.js'
import { exportOf, SYMBOLS } from './registry.js'
import type { Handler, HandlerFactory, Modifier, ModifierFactory, PluginModule } from './types.js'

export class PluginWatch {
  /** What was found, in words. */
  readonly faults: string[] = []
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
        return handler(request)
      }
    }
  }

  private modifier(factory: ModifierFactory): ModifierFactory {
    return async (context, extra) => {
      const modifier: Modifier = await factory(context, extra)
      if (typeof modifier !== 'object' || modifier === null) return modifier
      const watched: Modifier = {}
      if (typeof modifier.request === 'function') {
        watched.request = request => {
          this.body(request.body, request, 'request')
          return modifier.request!(request)
        }
      }
      if (typeof modifier.response === 'function') {
        watched.response = (response, request) => {
          if (isGatewayResponse(response)) this.body(response.body, request, 'response')
          return modifier.response!(response, request)
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
    let seen = false
    body.json = (async (limit?: number) => {
      const value = await read(limit)
      if (!seen && body.untouched && typeof value === 'object' && value !== null) {
        seen = true
        const before = stringifyJsonValue(value)
        request.exchange.atEnd(() => {
          if (body.untouched && stringifyJsonValue(value) !== before) {
            this.faults.push(`${where}: the JSON value of the ${side} was changed; call touchJson(), or use editJson()`)
          }
        })
      }
      return value
    }) as Body['json']
    const once = (stage: unknown): void => {
      if (typeof stage !== 'object' || stage === null) return
      if (this.stages.has(stage)) this.faults.push(`${where}: a stage object serves one body; make one per ${side}`)
      this.stages.add(stage)
    }
    for (const name of ['tap', 'transform', 'tokens'] as const) {
      const method = body[name].bind(body) as (stage: unknown, options?: object) => void
      body[name] = (stage: unknown, options?: object) => {
        once(stage)
        method(stage, options)
      }
    }
  }
}
