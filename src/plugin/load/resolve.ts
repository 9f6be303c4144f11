/** Makes `import … from 'sluice/plugin'` lead to this gateway's own instance, wherever the importing file stands. */

import * as nodeModule from 'node:module'

/** `src/plugin/index.ts` above this folder, or `dist/plugin/index.js`. */
const FACE = new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.js', import.meta.url).href
const SPECIFIER = 'sluice/plugin'

type Resolve = (specifier: string, context: object, next: (specifier: string, context: object) => unknown) => unknown

/** Hooks of Node ≥ 22.15: in this thread, for `import` and `require`. Older ones run in a thread of their own, for `import`. */
interface Hooks {
  registerHooks?: (hooks: { resolve: Resolve }) => void
  register: (specifier: string, parent: string, options: { data: unknown }) => void
}

let installed = false

/** Installs the hook once per process. */
export function installPluginResolver(): void {
  if (installed) return
  installed = true
  const hooks = nodeModule as unknown as Hooks
  if (hooks.registerHooks !== undefined) {
    hooks.registerHooks({ resolve: (specifier, context, next) => next(specifier === SPECIFIER ? FACE : specifier, context) })
    return
  }
  const code = `let face
export function initialize (url) { face = url }
export function resolve (specifier, context, next) { return next(specifier === '${SPECIFIER}' ? face : specifier, context) }`
  hooks.register(`data:text/javascript,${encodeURIComponent(code)}`, import.meta.url, { data: FACE })
}
