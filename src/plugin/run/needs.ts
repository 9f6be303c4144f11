import type { GatewayError } from '../../errors.js'
import { isOwned, type WorkOwner } from '../../message/blame.js'
import type { MessageBody } from '../../message/body.js'
import type { View } from '../../message/json/json-body.js'
import type { ResponseMessage } from '../../message/response.js'
import type { Needs } from '../types.js'
import { type PluginUse, pluginFailure, pluginLate, pluginMistake } from './plugin-failure.js'

const VIEWS: Readonly<Record<Needs, View>> = { head: 0, stream: 1, body: 2, data: 3 }
const NAMES: readonly Needs[] = ['head', 'stream', 'body', 'data']

/** Returns whether a value is one of the four promises. */
export function isNeeds(value: unknown): value is Needs {
  return typeof value === 'string' && Object.hasOwn(VIEWS, value)
}

/** A plugin with what it promised. */
export interface PromisingUse extends PluginUse {
  readonly needs: Needs | undefined
  /** What `sluice pipes` says of it, at the moment. */
  readonly note?: (() => string) | undefined
}

/** Checks bodies after one plugin has had them: how it used them, and which stages and streams in them it owns. */
export class BodyWatch implements WorkOwner {
  private readonly use: PluginUse
  /** The costliest view that it may use; undeclared = any. */
  private readonly allowed: View

  constructor(use: PromisingUse) {
    this.use = use
    this.allowed = use.needs === undefined ? 3 : VIEWS[use.needs]
  }

  /** Returns the failure of a plugin that has used a body for more than it promised; undefined = the promise is kept. */
  brokenPromise(body: MessageBody | undefined, side: 'request' | 'response'): GatewayError | undefined {
    if (body === undefined) return undefined
    if (body.unclaimed) body.claim(this)
    if (body.view <= body.viewSeen) return undefined
    body.viewSeen = body.view
    if (body.view <= this.allowed) return undefined
    return pluginMistake(
      this.use,
      `promised needs: '${NAMES[this.allowed]}' and used the ${side}'s body as '${NAMES[body.view]}'`
    )
  }

  /** Makes the plugin the owner of a response that it made, with all stages and streams of its body. */
  claim(made: ResponseMessage): void {
    made.openedBody?.claim(this)
    const { unopened } = made
    if (unopened !== undefined && isOwned(unopened)) unopened.owner ??= this
  }

  failed(cause: unknown): GatewayError {
    return pluginFailure(this.use, cause)
  }

  late(limit: string): void {
    pluginLate(this.use, limit)
  }
}

/** Notes how a body was used before it comes to a plugin, so that the plugin is not blamed for it. */
export function noteBody(body: MessageBody | undefined): void {
  if (body === undefined) return
  body.viewSeen = body.view
  if (body.unclaimed) body.claim(undefined)
}
