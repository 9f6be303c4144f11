/** The stage of `modifier/lua-endpoint`: a script on a request, and the responses of those that it refuses. */

import {
  type ComponentContext,
  GatewayError,
  type GatewayRequest,
  GatewayResponse,
  type OptionReader,
  type SlottedEdit
} from 'sluice/plugin'
import { readRequest } from '../lua/bodies.js'
import { mountOf } from '../lua/mount.js'
import { readScriptOptions } from '../lua/options.js'
import { Script } from '../lua/script.js'
import { ScriptEnd, type ScriptRun } from '../lua/script-run.js'

export async function compileContextStage(options: OptionReader, context: ComponentContext): Promise<SlottedEdit[]> {
  const service = context.scope === 'service'
  const given = { ...readScriptOptions(options), post: '', skipNext: false }
  const script = await Script.load(given, mountOf(service ? 'service' : 'endpoint', context), context)
  context.logger.debug(`${context.tag}[Lua]`, 'Middleware is now ready')
  if (script.isEmpty) return []
  const stage = new ContextStage(script, service, context)
  const needs = script.readsOf('pre').body ? 'body' : 'stream'
  const slot = service ? 'inner/scripting' : 'router/scripting'
  return [{ slot, needs, request: request => stage.edit(request) }]
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

  /** Runs the script; a response of it stands for the call. Waits only where the script does, or for a body. */
  edit(request: GatewayRequest): GatewayResponse | undefined | Promise<GatewayResponse | undefined> {
    try {
      const begun = this.script.begin(request)
      const done = begun instanceof Promise ? begun.then(run => this.began(run)) : this.began(begun)
      return done?.catch(error => this.refusal(error, request))
    } catch (error) {
      return this.refusal(error, request)
    }
  }

  private began(run: ScriptRun): undefined | Promise<undefined> {
    let done: void | Promise<void>
    try {
      const read = readRequest(run.state, this.script.readsOf('pre'))
      done = read === undefined ? run.before() : read.then(() => run.before())
    } catch (error) {
      run.state.close()
      throw error
    }
    if (done !== undefined) return done.finally(() => run.state.close()).then(() => undefined)
    run.state.close()
    return undefined
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
