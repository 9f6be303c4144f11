import type { LazyArray, LazyJson, LazyObject } from '../../src/plugin/index.js'

const READS: ReadonlySet<string | symbol> = new Set(['get', 'text'])

/** A view that notes in `reads` which members and items are read, as `a.b.0`, and each look at all names of an object as `a.*`. */
export function countedView(value: LazyJson, reads: string[], at = ''): LazyJson {
  if (typeof value !== 'object' || value === null) return value
  return new Proxy<LazyObject | LazyArray>(value, {
    get(view, name) {
      const member: unknown = Reflect.get(view, name, view)
      if (typeof member !== 'function') {
        if (name === 'count') reads.push(`${at}*`)
        return member
      }
      return (...args: unknown[]): unknown => {
        const place = `${at}${String(args[0])}`
        if (READS.has(name)) reads.push(place)
        else if (name === 'keys') reads.push(`${at}*`)
        const outcome: unknown = member.apply(view, args)
        return name === 'get' ? countedView(outcome as LazyJson, reads, `${place}.`) : outcome
      }
    }
  })
}
