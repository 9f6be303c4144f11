/** Paths of endpoints as OpenAPI writes them. */

import type { EndpointConfig } from '../../config/types.js'

/** One endpoint's path in the document. */
export interface DocumentPath {
  readonly path: string
  /** Names of parameters in order of position: the endpoint's own, and the document's. */
  readonly names: readonly { readonly own: string; readonly name: string; readonly isRest: boolean }[]
}

/** `{id}`, `{rest...}`, and `:id` at the start of a segment. */
const PARAMETER = /\{([\w\-.]+?)(\.\.\.)?\}|(?<=\/):([^/]+)/g

/** The paths of a document. `/x/{id}` and `/x/{name}` are the same path there: the names that come first stand for both. */
export class DocumentPaths {
  private readonly byShape = new Map<string, readonly string[]>()

  add({ path, params }: Pick<EndpointConfig, 'path' | 'params'>): DocumentPath {
    const found: { own: string; isRest: boolean }[] = []
    const shape = path.replace(PARAMETER, (text: string, name?: string, rest?: string, colon?: string) => {
      const own = name ?? colon!
      // braces that are no parameter are part of the path
      if (colon === undefined && !params.includes(own)) return text
      found.push({ own, isRest: rest !== undefined })
      return '{}'
    })
    const names = this.byShape.get(shape) ?? unlike(found.map(({ own }) => own))
    this.byShape.set(shape, names)
    let at = 0
    return {
      path: shape.replace(/\{\}/g, () => `{${names[at++]!}}`),
      names: found.map((one, i) => ({ ...one, name: names[i]! }))
    }
  }
}

/** A name comes once in a path. */
function unlike(names: readonly string[]): string[] {
  const seen = new Set<string>()
  return names.map(name => {
    let own = name
    for (let i = 2; seen.has(own); i++) own = `${name}_${i}`
    seen.add(own)
    return own
  })
}
