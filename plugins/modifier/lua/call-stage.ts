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
  OptionReader,
  SlottedFollow
} from 'sluice/plugin'
import { emptyResponse, keepData, readRequest, readResponse } from './bodies.js'
import { pipeFailure } from './failure.js'
import { mountOf } from './mount.js'
import { readScriptOptions } from './options.js'
import { Script } from './script.js'
import { ScriptEnd, type ScriptRun } from './script-run.js'

/** Compiles the stage of a place; undefined where there is nothing to run. */
export async function callStage(
  options: OptionReader,
  context: ComponentContext,
  slot: EndpointSlot | BackendSlot
): Promise<SlottedFollow[]> {
  const mount = mountOf(context.scope === 'backend' ? 'backend' : 'proxy', context)
  const script = await Script.load(readScriptOptions(options), mount, context)
  context.logger.debug(`${context.tag}[Lua]`, 'Middleware is now ready')
  if (script.isEmpty) return []
  const stage = new CallStage(script, mount.noOp)
  return [{ slot, needs: needsOf(script, mount.noOp), follow: request => stage.follow(request) }]
}

function needsOf(script: Script, noOp: boolean): Needs {
  const post = script.has('post') ? script.readsOf('post') : { body: false, data: false }
  if (!noOp && post.data) return 'data'
  return script.readsOf('pre').body || post.body ? 'body' : 'stream'
}

/** What the script has made of a request: what follows its call, or a response in its place. */
type Begun = Following | GatewayResponse | undefined

class CallStage {
  readonly script: Script
  readonly noOp: boolean
  private readonly posts: boolean

  constructor(script: Script, noOp: boolean) {
    this.script = script
    this.noOp = noOp
    this.posts = script.has('post')
  }

  /** Waits only where the script does, or for a body. */
  follow(request: GatewayRequest): Begun | Promise<Begun> {
    try {
      const begun = this.script.begin(request)
      if (!(begun instanceof Promise)) return this.began(begun)
      return begun.then(run => this.began(run)).catch(rethrow)
    } catch (error) {
      throw failed(error)
    }
  }

  private began(run: ScriptRun): Begun | Promise<Begun> {
    try {
      const read = readRequest(run.state, this.script.readsOf('pre'))
      const done = read === undefined ? run.before() : read.then(() => run.before())
      if (done === undefined) return this.called(run)
      return done.then(() => this.called(run)).catch(error => endRun(run, error))
    } catch (error) {
      return endRun(run, error)
    }
  }

  private called(run: ScriptRun): Begun | Promise<Begun> {
    const { noOp, posts } = this
    const { skipNext } = this.script.options
    if (!posts) {
      run.state.close()
      return skipNext ? emptyResponse(noOp) : undefined
    }
    const following = new Following(this, run)
    return skipNext ? following.response(emptyResponse(noOp)) : following
  }
}

/** Runs `post` when the call of a request has ended. */
class Following {
  private readonly stage: CallStage
  private readonly run: ScriptRun

  constructor(stage: CallStage, run: ScriptRun) {
    this.stage = stage
    this.run = run
  }

  /** A response that lacks a part goes on as it is. */
  response(response: GatewayResponse): GatewayResponse | Promise<GatewayResponse> {
    const { run, stage } = this
    const { state } = run
    if (response.failure !== undefined) {
      state.close()
      return response
    }
    state.response = response
    try {
      const read = readResponse(state, stage.script.readsOf('post'), stage.noOp)
      const done = read === undefined ? this.post() : read.then(() => this.post())
      if (done === undefined) return this.kept(response)
      return done.then(() => this.kept(response)).catch(error => this.broken(response, error))
    } catch (error) {
      return this.broken(response, error)
    }
  }

  failure(): void {
    this.run.state.close()
  }

  private post(): void | Promise<void> {
    this.run.answer()
    return this.run.after()
  }

  /** Whether the response is known to have no data. */
  private get isEmpty(): boolean {
    const { data } = this.run.state
    return data === undefined ? this.stage.script.options.skipNext : data.count === 0
  }

  private kept(response: GatewayResponse): GatewayResponse {
    keepData(this.run.state, this.stage.noOp)
    if (!this.stage.noOp && hasFields(response) && this.isEmpty) dropFields(response)
    this.run.state.close()
    return response
  }

  private broken(response: GatewayResponse, error: unknown): never {
    response.discard()
    return endRun(this.run, error)
  }
}

/** Most decoded responses have none: to ask whether the data is empty would open it. */
const hasFields = ({ headers }: GatewayResponse): boolean => headers[Symbol.iterator]().next().done !== true

/** KrakenD writes the fields of a decoded response only beside data. */
function dropFields({ headers }: GatewayResponse): void {
  for (const [name] of [...headers]) if (name.toLowerCase() !== 'content-type') headers.delete(name)
}

function endRun(run: ScriptRun, error: unknown): never {
  run.state.close()
  throw failed(error)
}

function rethrow(error: unknown): never {
  throw failed(error)
}

/** Makes of the end of a script the failure of the pipe. */
function failed(error: unknown): unknown {
  return error instanceof ScriptEnd ? pipeFailure(error.failure, error.cause) : error
}
