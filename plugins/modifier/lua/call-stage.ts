/**
 * The stage of `modifier/lua-proxy` and `modifier/lua-backend`: `pre` on the request, the call, `post` on its response.
 *
 * An error of a script fails the exchange, or its part of a merge; one in `pre` before any call is made. A failed call, and a response
 * that lacks a part, pass `post` by, as in KrakenD.
 */

import type {
  BackendSlot,
  ComponentContext,
  EndpointSlot,
  GatewayRequest,
  GatewayResponse,
  Needs,
  Next,
  OptionReader,
  SlottedWrap
} from 'sluice/plugin'
import { emptyResponse, keepData, readRequest, readResponse } from './bodies.js'
import { pipeFailure } from './failure.js'
import { mountOf } from './mount.js'
import { readScriptOptions } from './options.js'
import { Script, ScriptEnd, type ScriptRun } from './script.js'

/** Compiles the stage of a place; undefined where there is nothing to run. */
export async function callStage(
  options: OptionReader,
  context: ComponentContext,
  slot: EndpointSlot | BackendSlot
): Promise<SlottedWrap[]> {
  const mount = mountOf(context.scope === 'backend' ? 'backend' : 'proxy', context)
  const script = await Script.load(readScriptOptions(options), mount, context)
  context.logger.debug(`${context.tag}[Lua]`, 'Middleware is now ready')
  if (script.isEmpty) return []
  const stage = new CallStage(script, mount.noOp)
  return [{ slot, needs: needsOf(script, mount.noOp), wrap: next => request => stage.run(request, next) }]
}

function needsOf(script: Script, noOp: boolean): Needs {
  const post = script.has('post') ? script.readsOf('post') : { body: false, data: false }
  if (!noOp && post.data) return 'data'
  return script.readsOf('pre').body || post.body ? 'body' : 'stream'
}

class CallStage {
  private readonly script: Script
  private readonly noOp: boolean
  private readonly posts: boolean

  constructor(script: Script, noOp: boolean) {
    this.script = script
    this.noOp = noOp
    this.posts = script.has('post')
  }

  run(request: GatewayRequest, next: Next): Promise<GatewayResponse> {
    try {
      const begun = this.script.begin(request)
      if (!(begun instanceof Promise)) return this.began(begun, next)
      return begun.then(run => this.began(run, next)).catch(rethrow)
    } catch (error) {
      return Promise.reject(failed(error))
    }
  }

  private began(run: ScriptRun, next: Next): Promise<GatewayResponse> {
    const { script } = this
    try {
      const read = readRequest(run.state, script.readsOf('pre'))
      const done = read === undefined ? run.before() : read.then(() => run.before())
      if (done === undefined) return this.call(run, next)
      return done.then(
        () => this.call(run, next),
        error => this.end(run, error)
      )
    } catch (error) {
      return Promise.reject(this.closed(run, error))
    }
  }

  private call(run: ScriptRun, next: Next): Promise<GatewayResponse> {
    const { script, noOp, posts } = this
    if (posts && script.options.skipNext) return this.after(run, emptyResponse(noOp))
    if (!posts) run.state.close()
    if (script.options.skipNext) return Promise.resolve(emptyResponse(noOp))
    const answer = next(run.state.request)
    if (!posts) return answer
    return answer.then(
      response => (response.failure === undefined ? this.after(run, response) : this.passed(run, response)),
      error => this.end(run, error)
    )
  }

  /** A response that lacks a part goes on as it is. */
  private passed(run: ScriptRun, response: GatewayResponse): GatewayResponse {
    run.state.close()
    return response
  }

  private async after(run: ScriptRun, response: GatewayResponse): Promise<GatewayResponse> {
    const { script, noOp } = this
    const { state } = run
    state.response = response
    try {
      const read = readResponse(state, script.readsOf('post'), noOp)
      if (read !== undefined) await read
      run.answer()
      const done = run.after()
      if (done !== undefined) await done
      keepData(state, noOp)
    } catch (error) {
      response.discard()
      throw failed(error)
    } finally {
      state.close()
    }
    return response
  }

  private end(run: ScriptRun, error: unknown): never {
    throw this.closed(run, error)
  }

  private closed(run: ScriptRun, error: unknown): unknown {
    run.state.close()
    return failed(error)
  }
}

function rethrow(error: unknown): never {
  throw failed(error)
}

function failed(error: unknown): unknown {
  return error instanceof ScriptEnd ? pipeFailure(error.failure, error.cause) : error
}
