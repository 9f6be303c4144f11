/** Edits of JSON values at dotted paths, compiled once. */

/** What to do with a value, in this order: remove, rename, set. */
export interface EditOptions {
  readonly remove?: readonly string[]
  /** Old path → new path. */
  readonly rename?: Readonly<Record<string, string>>
  /** Path → value. */
  readonly set?: Readonly<Record<string, unknown>>
}

/** Edits a value in place; returns whether something changed. */
export type Edit = (root: unknown) => boolean

type Container = Record<string, unknown>

/** @throws Error for an empty path, an empty part of one, or `*` in a target */
export function compileEdits(options: EditOptions): Edit | undefined {
  const steps: Edit[] = []
  for (const path of options.remove ?? []) {
    const keys = parsePath(path)
    const last = keys.pop()!
    steps.push(root => visit(root, keys, 0, container => removeAll(container, last)))
  }
  for (const [from, to] of Object.entries(options.rename ?? {})) steps.push(compileRename(from, to))
  for (const [path, value] of Object.entries(options.set ?? {})) {
    const keys = parsePath(path)
    steps.push(root => put(root, keys, 0, () => copy(value)))
  }
  if (steps.length === 0) return undefined
  return root => {
    let changed = false
    for (const step of steps) changed = step(root) || changed
    return changed
  }
}

function compileRename(from: string, to: string): Edit {
  const source = parsePath(from)
  const target = parsePath(to)
  // a common beginning may hold `*`: it is walked once, and both ends are below the same element
  let shared = 0
  while (shared < source.length - 1 && shared < target.length - 1 && source[shared] === target[shared]) shared++
  const below = source.slice(shared)
  const above = target.slice(shared)
  if (below.includes('*') || above.includes('*')) {
    throw new Error(`cannot rename '${from}' to '${to}': both paths must be the same up to the last '*'`)
  }
  const prefix = source.slice(0, shared)
  const last = below.pop()!
  return root =>
    visit(root, prefix, 0, container => {
      let value: unknown
      const found = visit(container, below, 0, holder => {
        if (!Object.hasOwn(holder, last)) return false
        value = holder[last]
        return removeAll(holder, last)
      })
      return found && put(container, above, 0, () => value)
    })
}

function parsePath(path: string): string[] {
  const keys = path.split('.')
  if (keys.includes('')) throw new Error(`'${path}' is no path: write keys joined by dots, like 'user.name' or 'items.*.id'`)
  return keys
}

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null

/** Calls `work` with every container that the path leads to. */
function visit(value: unknown, keys: readonly string[], at: number, work: (container: Container) => boolean): boolean {
  if (!isContainer(value)) return false
  if (at === keys.length) return work(value)
  const key = keys[at]!
  if (key !== '*') return Object.hasOwn(value, key) && visit(value[key], keys, at + 1, work)
  let changed = false
  for (const name of Object.keys(value)) changed = visit(value[name], keys, at + 1, work) || changed
  return changed
}

function removeAll(container: Container, key: string): boolean {
  if (key === '*') {
    const names = Object.keys(container)
    if (Array.isArray(container)) container.length = 0
    else for (const name of names) delete container[name]
    return names.length > 0
  }
  if (!Object.hasOwn(container, key) || (Array.isArray(container) && key === 'length')) return false
  if (Array.isArray(container)) container.splice(Number(key), 1)
  else delete container[key]
  return true
}

/** Sets what `content` returns, and makes the objects on the way to it; what is there and no container is not replaced. */
function put(value: unknown, keys: readonly string[], at: number, content: () => unknown): boolean {
  if (!isContainer(value)) return false
  const key = keys[at]!
  if (key === '*') {
    let changed = false
    for (const name of Object.keys(value)) changed = putAt(value, name, keys, at, content) || changed
    return changed
  }
  return putAt(value, key, keys, at, content)
}

function putAt(container: Container, key: string, keys: readonly string[], at: number, content: () => unknown): boolean {
  if (Array.isArray(container) && !(INDEX.test(key) && Number(key) <= container.length)) return false
  if (at === keys.length - 1) {
    assign(container, key, content())
    return true
  }
  if (Object.hasOwn(container, key)) return put(container[key], keys, at + 1, content)
  if (keys[at + 1] === '*') return false
  const made: Container = {}
  if (!put(made, keys, at + 1, content)) return false
  assign(container, key, made)
  return true
}

const INDEX = /^(?:0|[1-9][0-9]{0,8})$/

/** `__proto__` is a key like others. */
function assign(container: Container, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true })
  } else container[key] = value
}

/** Options are frozen and serve many messages. */
function copy(value: unknown): unknown {
  return isContainer(value) ? structuredClone(value) : value
}
