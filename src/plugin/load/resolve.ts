/**
 * Makes `sluice/plugin` and `sluice/plugin/testing` lead to this gateway's own modules, wherever the importing file stands, and finds
 * modules from any folder as Node's `import` does.
 */

import * as nodeModule from 'node:module'

/** URL of a module in `src/plugin/`, or in `dist/plugin/`. */
const faceAt = (folder: string): string =>
  new URL(`../${folder}index.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href

/** The public modules by their names. */
const FACES: Readonly<Record<string, string>> = {
  'sluice/plugin': faceAt(''),
  'sluice/plugin/testing': faceAt('testing/')
}

/** Begins a specifier that is looked for from another place: `sluice-from:PARENT#SPECIFIER`, both escaped. */
const FROM = 'sluice-from:'

type Resolve = (specifier: string, context: object, next: (specifier: string, context: object) => unknown) => unknown

/** Hooks of Node ≥ 22.15: in this thread, for `import` and `require`. Older ones run in a thread of their own, for `import`. */
interface Hooks {
  registerHooks?: (hooks: { resolve: Resolve }) => void
  register: (specifier: string, parent: string, options: { data: unknown }) => void
}

let installed = false

const resolve: Resolve = (specifier, context, next) => {
  if (!specifier.startsWith(FROM)) return next(FACES[specifier] ?? specifier, context)
  const [parentURL, wanted] = specifier.slice(FROM.length).split('#').map(decodeURIComponent)
  return next(wanted!, { ...context, parentURL })
}

/** Installs the hook once per process. */
export function installPluginResolver(): void {
  if (installed) return
  installed = true
  const hooks = nodeModule as unknown as Hooks
  if (hooks.registerHooks !== undefined) {
    hooks.registerHooks({ resolve })
    return
  }
  const code = `let faces
export function initialize (given) { faces = given }
export function resolve (specifier, context, next) {
  if (!specifier.startsWith('${FROM}')) return next(faces[specifier] ?? specifier, context)
  const [parentURL, wanted] = specifier.slice(${FROM.length}).split('#').map(decodeURIComponent)
  return next(wanted, { ...context, parentURL })
}`
  hooks.register(`data:text/javascript,${encodeURIComponent(code)}`, import.meta.url, { data: FACES })
}

/**
 * Returns the URL of a module as `import` in `parent` finds it, with the maps of packages.
 * @param parent URL of a file, which need not be there
 * @throws Error of Node with its code, when there is none
 */
export function resolveFrom(parent: string, specifier: string): string {
  installPluginResolver()
  return import.meta.resolve(`${FROM}${encodeURIComponent(parent)}#${encodeURIComponent(specifier)}`)
}
