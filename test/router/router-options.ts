import type { RouterOptions } from '../../src/router/router.js'

/** A router that does all it can. */
export const ROUTER_OPTIONS: RouterOptions = {
  autoHead: false,
  autoOptions: false,
  disableHandleMethodNotAllowed: false,
  disablePathDecoding: false,
  disableRedirectFixedPath: false,
  disableRedirectTrailingSlash: false,
  removeExtraSlash: false,
  disableRest: false
}
