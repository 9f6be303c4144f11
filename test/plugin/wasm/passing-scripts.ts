import { handlers } from '../support.js'

/** Plugins in JavaScript that look at a body, and at its tokens, and pass it on. */
export const PASSING_SCRIPTS = handlers({
  tap: (_c, _e, next) => async request => {
    const response = await next(request)
    response.body.tap(() => {})
    return response
  },
  tokens: (_c, _e, next) => async request => {
    const response = await next(request)
    response.body.tokens({ token: (token, push) => push(token) })
    return response
  }
})
