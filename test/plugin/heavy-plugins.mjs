// Plugins for bodies of any size: each does a little work on every chunk or token.

const handlers = {
  /** Changes the first byte of each chunk; an even number of them changes nothing. */
  flip: response =>
    response.body.transform({
      chunk: chunk => {
        const copy = Buffer.from(chunk)
        copy[0] ^= 1
        return copy
      }
    }),
  /** Sees each token. */
  tokens: response => {
    let count = 0
    response.body.tokens({
      token: (token, push) => {
        count++
        push(token)
      },
      end: () => {
        if (count === 0) throw new Error('no tokens came')
      }
    })
  },
  tap: response => response.body.tap(() => {}),
  mark: response => response.headers.append('X-Seen', 'mark')
}

export const HandlerRegisterer = {
  registerHandlers(register) {
    for (const [name, edit] of Object.entries(handlers)) {
      register(name, (_context, _extra, next) => async request => {
        const response = await next(request)
        edit(response)
        return response
      })
    }
  }
}
