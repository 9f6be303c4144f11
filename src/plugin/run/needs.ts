import type { GatewayError } from '../../errors.js'
import type { WorkOwner } from '../../message/blame.js'
import type { MessageBody, View } from '../../message/body.js'
import { ReadableSource } from '../../message/byte-flow.js'
import type { ResponseMessage } from '../../message/response.js'
import type { Needs } from '../types.js'
import { type PluginUse, pluginFailure, pluginLate, pluginMistake } from './failure.js'

const VIEWS: Readonly<Record<Needs, View>> = { head: 0, stream: 1, body: 2, data: 3 }
const NAMES: readonly Needs[] = ['head', 'stream', 'body', 'data']

/** Says whether a value is one of the four promises. */
export function isNeeds(value: unknown): value is Needs {
  return typeof value === 'string' && Object.hasOwn(VIEWS, value)
}

/** A plugin with what it promised. */
export interface PromisingUse extends PluginUse {
  readonly needs: Needs | undefined
}

/** Looks at bodies after one plugin has had them: what it asked of them, and which stages and streams in them are its own. */
export class BodyWatch implements WorkOwner {
  private readonly use: PluginUse
  /** The costliest view that it may use; undeclared = any. */
  private readonly allowed: View

  constructor(use: PromisingUse) {
    this.use = use
    this.allowed = use.needs === undefined ? 3 : VIEWS[use.needs]
  }

  /** Compares what was asked of a body since the last look with what the plugin promised; undefined = kept. */
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

  /** A response that the plugin made: what its body consists of is the plugin's. */
  claim(made: ResponseMessage): void {
    made.openedBody?.claim(this)
    const { unopened } = made
    if (unopened instanceof ReadableSource) unopened.owner ??= this
  }

  failed(cause: unknown): GatewayError {
    return pluginFailure(this.use, cause)
  }

  late(limit: string): void {
    pluginLate(this.use, limit)
  }
}

/** What was asked of a body before it came here, and what was put into it, is nobody's fault in here. */
export function noteBody(body: MessageBody | undefined): void {
  if (body === undefined) return
  body.viewSeen = body.view
  if (body.unclaimed) body.claim(undefined)
}
