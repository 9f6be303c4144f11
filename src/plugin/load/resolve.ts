/** Makes `sluice/plugin` and `sluice/plugin/testing` lead to this gateway's own modules, wherever the importing file stands. */

import * as nodeModule from 'node:module'

/** URL of a module in `src/plugin/`, or in `dist/plugin/`. */
const faceAt = (folder: string): string =>
  new URL(`../${folder}index.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href

/** The public modules by their names. */
const FACES: Readonly<Record<string, string>> = {
  'sluice/plugin': faceAt(''),
  'sluice/plugin/testing': faceAt('testing/')
}

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
    hooks.registerHooks({ resolve: (specifier, context, next) => next(FACES[specifier] ?? specifier, context) })
    return
  }
  const code = `let faces
export function initialize (given) { faces = given }
export function resolve (specifier, context, next) { return next(faces[specifier] ?? specifier, context) }`
  hooks.register(`data:text/javascript,${encodeURIComponent(code)}`, import.meta.url, { data: FACES })
}
