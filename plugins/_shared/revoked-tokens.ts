/** What `auth/revoker` tells `auth/validator`, by the map that the components of a gateway share. */

import type { ComponentContext } from 'sluice/plugin'

/** True for the claims of a token that is revoked. */
export type IsRevoked = (claims: Readonly<Record<string, unknown>>) => boolean

const KEY = 'auth/revoker is revoked'

/** Sets the check for all endpoints, which are compiled later. */
export function setRevoked(context: ComponentContext, isRevoked: IsRevoked): void {
  context.shared.set(KEY, isRevoked)
}

/** Returns the check; undefined without `auth/revoker`. */
export function revokedIn(context: ComponentContext): IsRevoked | undefined {
  return context.shared.get(KEY) as IsRevoked | undefined
}
