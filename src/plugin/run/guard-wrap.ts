import type { Wrap } from '../../pipe/next.js'
import type { HandlerWrap } from '../types.js'
import { HandlerPlace } from './chain.js'
import type { PluginUse } from './failure.js'

/** Contains a wrap that was handed over in code as a plugin's handler is contained: what it throws is a failure of its own. */
export function guardWrap(wrap: HandlerWrap, about: PluginUse): Wrap {
  return next => {
    const place = new HandlerPlace({ ...about, needs: undefined })
    place.inner = next
    place.handler = wrap(place.next)
    return place.enter
  }
}
