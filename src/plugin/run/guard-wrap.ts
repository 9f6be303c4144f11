import type { Wrap } from '../../pipe/next.js'
import type { HandlerWrap } from '../types.js'
import { type HandlerUse, Link } from './chain.js'
import type { PluginUse } from './failure.js'

/** Contains a wrap that was handed over in code as a plugin's handler is contained: what it throws is a failure of its own. */
export function guardWrap(wrap: HandlerWrap, about: PluginUse): Wrap {
  const use: HandlerUse = { ...about, needs: undefined }
  return next => {
    const link = new Link(use)
    link.run = next
    return link.around(wrap(link.next), undefined)
  }
}
