/** Paths of a document as endpoints have them. */

/** A path and the names that its parameters got. */
export interface EndpointPath {
  readonly path: string
  /** By the names of the document. */
  readonly names: ReadonlyMap<string, string>
  /** A parameter stands within a segment, as in `/{id}.json`. */
  readonly isPartial: boolean
}

/**
 * Gives parameters names that the gateway takes. Where two paths have a parameter in the same place it has one name: `/users/{id}` and
 * `/users/{user}/posts` are `/users/{id}` and `/users/{id}/posts`.
 */
export class EndpointPaths {
  private readonly byPlace = new Map<string, string>()

  add(path: string): EndpointPath {
    const names = new Map<string, string>()
    const used = new Set<string>()
    let place = ''
    let out = ''
    let isPartial = false
    for (const [i, part] of path.split(/\{([^{}]*)\}/).entries()) {
      if (i % 2 === 0) {
        // a literal right behind a parameter, or one that ends within a segment before it
        if (i > 0 && part !== '' && !part.startsWith('/')) isPartial = true
        place += part
        out += part
        continue
      }
      if (!out.endsWith('/')) isPartial = true
      const name = this.byPlace.get(place) ?? unlike(part, used)
      this.byPlace.set(place, name)
      used.add(name.toLowerCase())
      names.set(part, name)
      place += '{}'
      out += `{${name}}`
    }
    return { path: out, names, isPartial }
  }
}

/** Letters, digits, `_` and `-`; names differ by more than case. */
function unlike(text: string, used: ReadonlySet<string>): string {
  const plain = text.replace(/[^\w-]/g, '_') || 'param'
  let name = plain
  for (let i = 2; used.has(name.toLowerCase()); i++) name = `${plain}_${i}`
  return name
}
