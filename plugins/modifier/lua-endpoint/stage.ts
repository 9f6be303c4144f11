/** The stage of `modifier/lua-endpoint`: a script on a request, and the responses of those that it refuses. */

import {
  type ComponentContext,
  GatewayError,
  type GatewayRequest,
  GatewayResponse,
  type Next,
  type OptionReader,
  type SlottedWrap
} from 'sluice/plugin'
import { readRequest } from '../lua/bodies.js'
import { mountOf } from '../lua/mount.js'
import { readScriptOptions } from '../lua/options.js'
import { Script, ScriptEnd, type ScriptRun } from '../lua/script.js'

export async function compileContextStage(options: OptionReader, context: ComponentContext): Promise<SlottedWrap[]> {
  const service = context.scope === 'service'
  const given = { ...readScriptOptions(options), post: '', skipNext: false }
  const script = await Script.load(given, mountOf(service ? 'service' : 'endpoint', context), context)
  context.logger.debug(`${context.tag}[Lua]`, 'Middleware is now ready')
  if (script.isEmpty) return []
  const stage = new ContextStage(script, service, context)
  const needs = script.readsOf('pre').body ? 'body' : 'stream'
  const slot = service ? 'inner/scripting' : 'router/scripting'
  return [{ slot, needs, wrap: next => request => stage.run(request, next) }]
}

class ContextStage {
  private readonly script: Script
  private readonly service: boolean
  private readonly context: ComponentContext

  constructor(script: Script, service: boolean, context: ComponentContext) {
    this.script = script
    this.service = service
    this.context = context
  }

  run(request: GatewayRequest, next: Next): Promise<GatewayResponse> {
    try {
      const begun = this.script.begin(request)
      if (!(begun instanceof Promise)) return this.began(begun, request, next)
      return begun.then(
        run => this.began(run, request, next),
        error => this.refusal(error, request)
      )
    } catch (error) {
      return this.refused(error, request)
    }
  }

  private began(run: ScriptRun, request: GatewayRequest, next: Next): Promise<GatewayResponse> {
    try {
      const read = readRequest(run.state, this.script.readsOf('pre'))
      const done = read === undefined ? run.before() : read.then(() => run.before())
      if (done !== undefined) return this.waited(done, run, request, next)
    } catch (error) {
      run.state.close()
      return this.refused(error, request)
    }
    run.state.close()
    return next(request)
  }

  private async waited(done: Promise<void>, run: ScriptRun, request: GatewayRequest, next: Next): Promise<GatewayResponse> {
    try {
      await done
    } catch (error) {
      return this.refusal(error, request)
    } finally {
      run.state.close()
    }
    return next(request)
  }

  private async refused(error: unknown, request: GatewayRequest): Promise<GatewayResponse> {
    return this.refusal(error, request)
  }

  /** What the script ended with, as a response without a body. @throws what is no error of the script */
  private refusal(error: unknown, request: GatewayRequest): GatewayResponse {
    if (!(error instanceof ScriptEnd)) throw error
    const { message, status, contentType, limit } = error.failure
    const coded = status !== undefined && !this.service
    const code = status === undefined ? 'SLUICE_ERR_PLUGIN_FAILED' : 'SLUICE_ERR_GATEWAY_REJECTED'
    request.note(new GatewayError(code, { message, ...(limit === undefined ? {} : { limit }) }))
    const { logger, tag } = this.context
    if (!coded) logger.error(`${tag}[Lua]`, message.replace(/[\r\n]+/g, ' '))
    const response = new GatewayResponse(status === 204 || status === 304 ? status : 500)
    response.status = coded ? status : 500
    if (contentType !== undefined && !this.service) response.headers.set('Content-Type', contentType)
    return response
  }
}
