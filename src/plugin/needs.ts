import type { GatewayError } from '../errors.js'
import type { Body, View } from '../message/body.js'
import { type PluginUse, pluginMistake } from './failure.js'
import type { Needs } from './types.js'

const VIEWS: Readonly<Record<Needs, View>> = { head: 0, stream: 1, body: 2, data: 3 }
const NAMES: readonly Needs[] = ['head', 'stream', 'body', 'data']

/** The costliest view that a plugin may use; undeclared = any. */
export function viewOf(needs: Needs | undefined): View {
  return needs === undefined ? 3 : VIEWS[needs]
}

/** Says whether a value is one of the four promises. */
export function isNeeds(value: unknown): value is Needs {
  return typeof value === 'string' && Object.hasOwn(VIEWS, value)
}

/** Compares what was asked of a body since the last look with what `use` promised; undefined = kept. */
export function brokenPromise(
  use: PluginUse,
  allowed: View,
  body: Body | undefined,
  side: 'request' | 'response'
): GatewayError | undefined {
  if (body === undefined || body.view <= body.viewSeen) return undefined
  body.viewSeen = body.view
  if (body.view <= allowed) return undefined
  return pluginMistake(use, `promised needs: '${NAMES[allowed]}' and used the ${side}'s body as '${NAMES[body.view]}'`)
}
