/** Names of fields in backquotes (``headers.`content-type` ``), which are of the language and unknown to the library's parser. */

import { type Expr, walk } from './syntax.js'

/** Strings and comments, passed over; then a dot and a name in backquotes. */
const QUOTED = new RegExp(
  [
    /(?:[rR][bB]?|[bB][rR])(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')/,
    /"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/,
    /\/\/[^\n]*/,
    /\.\s*`([\w./ -]+)`/
  ]
    .map(part => part.source)
    .join('|'),
  'g'
)

/** An expression without backquotes. */
export interface Unquoted {
  readonly text: string
  /** Puts the names back into the tree of `text`. */
  restore(root: Expr): void
}

/** Puts a plain name in the place of each quoted one. */
export function unquoteNames(text: string): Unquoted {
  const names = new Map<string, string>()
  let mark = '_q'
  while (text.includes(mark)) mark += 'q'
  const plain = text.replace(QUOTED, (token: string, name: string | undefined) => {
    if (name === undefined) return token
    const stand = `${mark}${names.size}`
    names.set(stand, name)
    // as long as before where that can be, so that places in messages stay
    return `.${stand}`.padEnd(token.length)
  })
  const restore = (root: Expr): void =>
    walk(root, ({ exprKind }) => {
      if (exprKind.case === 'selectExpr') exprKind.value.field = names.get(exprKind.value.field) ?? exprKind.value.field
    })
  return { text: plain, restore }
}
