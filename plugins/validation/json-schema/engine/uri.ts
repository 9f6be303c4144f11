/** References between schemas: resolution of RFC 3986 §5.2, for hierarchical identifiers and for those of one piece (URN). */

interface Parts {
  readonly scheme: string | undefined
  readonly authority: string | undefined
  readonly path: string
  readonly query: string | undefined
}

/** RFC 3986 appendix B, without the fragment. */
const PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?]*))?([^?]*)(?:\?(.*))?$/s

function split(text: string): Parts {
  const [, scheme, authority, path = '', query] = PARTS.exec(text)!
  return { scheme, authority, path, query }
}

/** A reference without its fragment, and the fragment without its `#`, undefined when there is none. */
export function splitFragment(reference: string): { readonly uri: string; readonly fragment: string | undefined } {
  const hash = reference.indexOf('#')
  return hash === -1
    ? { uri: reference, fragment: undefined }
    : { uri: reference.slice(0, hash), fragment: reference.slice(hash + 1) }
}

/** Resolves a reference without a fragment against an absolute identifier. */
export function resolveUri(base: string, reference: string): string {
  if (reference === '') return base
  const ref = split(reference)
  if (ref.scheme !== undefined) return join({ ...ref, path: withoutDots(ref.path, ref.authority !== undefined) })
  const from = split(base)
  if (ref.authority !== undefined) return join({ ...ref, scheme: from.scheme, path: withoutDots(ref.path, true) })
  if (ref.path === '') return join({ ...from, query: ref.query ?? from.query })
  const path = ref.path.startsWith('/') ? ref.path : merge(from, ref.path)
  return join({ ...from, path: withoutDots(path, path.startsWith('/')), query: ref.query })
}

function merge(base: Parts, path: string): string {
  if (base.authority !== undefined && base.path === '') return `/${path}`
  return base.path.slice(0, base.path.lastIndexOf('/') + 1) + path
}

function withoutDots(path: string, hierarchical: boolean): string {
  if (!hierarchical || !/(?:^|\/)\.\.?(?:\/|$)/.test(path)) return path
  const kept: string[] = []
  const segments = path.split('/')
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1
    if (segment === '..') {
      if (kept.length > 1) kept.pop()
    } else if (segment !== '.') kept.push(segment)
    if (last && (segment === '.' || segment === '..')) kept.push('')
  }
  return kept.join('/')
}

function join({ scheme, authority, path, query }: Parts): string {
  return `${scheme === undefined ? '' : `${scheme}:`}${authority === undefined ? '' : `//${authority}`}${path}${
    query === undefined ? '' : `?${query}`
  }`
}
