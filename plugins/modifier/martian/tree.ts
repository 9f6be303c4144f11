/** Compiles a block: a tree of modifiers, groups and filters, each an object with one key, its name. */

import { type Edits, editFailure, inOrder, NO_EDITS } from './edits.js'
import { MODIFIERS, type ModifierKind } from './modifiers.js'
import { escaped, type Faults, isObject, OptionKeys, type Placed } from './option-keys.js'
import type { Place, Scope } from './place.js'

/** What is to be known of a block. */
export interface TreeOptions {
  readonly decoded: boolean
  readonly faults: Faults
  /** Names of the modifiers that are compiled; others do nothing. Undefined = all. */
  readonly only?: ReadonlySet<string>
}

export class Tree implements Place {
  readonly decoded: boolean
  private readonly faults: Faults
  private readonly only: ReadonlySet<string> | undefined
  /** Where the groups and filters run that hold what is compiled now. */
  private within: Scope = { request: true, response: true }
  /** Faults of what the group or filter holds that is compiled now. */
  private held = 0
  /** Nothing that was compiled looks at more than header fields. */
  fieldsOnly = true
  /** Names of the modifiers that were compiled and run somewhere. */
  readonly names = new Set<string>()

  constructor({ decoded, faults, only }: TreeOptions) {
    this.decoded = decoded
    this.faults = faults
    this.only = only
  }

  async compile(value: unknown, pointer: string): Promise<Edits> {
    const known = this.faults.count
    const { held } = this
    this.held = 0
    const edits = await this.compileOne(value, pointer)
    this.held = held + this.faults.count - known
    return edits
  }

  private async compileOne(value: unknown, pointer: string): Promise<Edits> {
    const named = this.nameOf(value, pointer)
    if (named === undefined) return this.protecting(value, pointer)
    const { name, kind, options } = named
    const protects = this.only?.has(name) === true
    if (!isObject(options.value)) {
      this.faults.add(options.pointer, 'expected an object')
      return protects ? this.refused(name) : this.protecting(options.value, options.pointer)
    }
    const keys = new OptionKeys(options.value, options.pointer, this.faults, [...Object.keys(kind.keys), 'scope'])
    const scope = this.scopeOf(keys, kind)
    const known = this.faults.count
    const outer = this.within
    this.within = { request: outer.request && scope.request, response: outer.response && scope.response }
    this.warnIfIdle(keys, scope, outer)
    if (kind.fieldsOnly !== true) this.needsMessages()
    let edits = await kind.compile(keys, this, scope)
    const isFaulty = this.faults.count - known > this.held
    if (isFaulty && protects) edits = refusing(name)
    else if (isFaulty && kind.holds === true) edits = await this.protecting(options.value, options.pointer)
    this.within = outer
    if (this.only !== undefined && kind.holds !== true && !protects) return NO_EDITS
    const { request, response } = edits
    if ((scope.request && request !== undefined) || (scope.response && response !== undefined)) this.names.add(name)
    return { request: scope.request ? request : undefined, response: scope.response ? response : undefined }
  }

  /**
   * Where only what protects is left: all of it that stands below something with a fault, which then runs on every message. A name
   * that differs in case alone fails the calls: it was meant to protect.
   */
  private async protecting(value: unknown, pointer: string): Promise<Edits> {
    const { only } = this
    if (only === undefined || typeof value !== 'object' || value === null) return NO_EDITS
    const all: Edits[] = []
    for (const [key, inner] of Object.entries(value)) {
      const meant = [...only].find(name => name.toLowerCase() === key.toLowerCase())
      const at = `${pointer}/${escaped(key)}`
      if (meant === undefined) all.push(await this.protecting(inner, at))
      else all.push(meant === key ? await this.compile({ [key]: inner }, pointer) : this.refused(meant))
    }
    return inOrder(all, false)
  }

  private refused(name: string): Edits {
    this.names.add(name)
    return refusing(name)
  }

  /** Where only what protects is left, a faulty scope is every scope. */
  private scopeOf(keys: OptionKeys, kind: ModifierKind): Scope {
    const known = this.faults.count
    const scope = scopeOf(keys, kind)
    return this.only !== undefined && this.faults.count > known ? kind.scope : scope
  }

  needsMessages(): void {
    this.fieldsOnly = false
  }

  innerOf(keys: OptionKeys): Promise<Edits> {
    const found = keys.placed('modifier')
    if (found !== undefined) return this.compile(found.value, found.pointer)
    this.faults.add(keys.at('modifier'), 'a filter needs a modifier')
    return Promise.resolve(NO_EDITS)
  }

  elseOf(keys: OptionKeys): Promise<Edits> {
    if (!keys.has('else')) return Promise.resolve(NO_EDITS)
    const found = keys.placed('else')
    return this.compile(found?.value ?? null, keys.at('else'))
  }

  /** Warns of a modifier that runs nowhere, once: what it holds runs nowhere either. */
  private warnIfIdle(keys: OptionKeys, scope: Scope, outer: Scope): void {
    const { request, response } = this.within
    if (request || response || !(outer.request || outer.response)) return
    const at = keys.has('scope') ? keys.at('scope') : keys.pointer
    if (scope.request || scope.response) {
      this.faults.warn(at, `it never runs: what holds it runs on ${outer.request ? 'requests' : 'responses'} alone`)
    } else if (keys.list('scope').length === 0) this.faults.warn(at, 'it never runs: the scope is empty')
  }

  private nameOf(value: unknown, pointer: string): { name: string; kind: ModifierKind; options: Placed } | undefined {
    const names = isObject(value) ? Object.keys(value) : []
    const [name] = names
    if (name === undefined || names.length > 1) {
      const found = names.length > 1 ? `; there are ${names.join(', ')}` : ''
      this.faults.add(pointer, `expected an object with one key, the name of a modifier${found}`)
      return undefined
    }
    const options = { value: (value as Record<string, unknown>)[name], pointer: `${pointer}/${escaped(name)}` }
    const kind = MODIFIERS.get(name)
    if (kind !== undefined) return { name, kind, options }
    this.faults.add(options.pointer, unknownText(name))
    return undefined
  }
}

/** Fails what a modifier with a fault would have protected. */
function refusing(name: string): Edits {
  const refuse = (): never => {
    throw editFailure(`${name} cannot be honoured`)
  }
  return { request: refuse, response: refuse }
}

function scopeOf(keys: OptionKeys, kind: ModifierKind): Scope {
  if (keys.placed('scope') === undefined) return kind.scope
  const scope = { request: false, response: false }
  for (const { value, pointer } of keys.texts('scope')) {
    if (value !== 'request' && value !== 'response') {
      keys.faults.add(pointer, `a scope is "request" or "response", not ${JSON.stringify(value)}`)
    } else if (!kind.scope[value]) keys.faults.add(pointer, `it cannot run on a ${value}`)
    else scope[value] = true
  }
  return scope
}

/** Names of Martian that KrakenD does not register. */
const UNREGISTERED: ReadonlySet<string> = new Set([
  'skip.RoundTrip',
  'log.Logger',
  'method.Verifier',
  'failure.Verifier',
  'pingback.Verifier'
])

function unknownText(name: string): string {
  if (UNREGISTERED.has(name)) return `'${name}' is Martian's; KrakenD does not register it`
  const known = [...MODIFIERS.keys()]
  const same = known.find(one => one.toLowerCase() === name.toLowerCase())
  if (same !== undefined) return `unknown modifier '${name}': did you mean \`${same}\`?`
  const family = name.slice(0, name.indexOf('.') + 1).toLowerCase()
  const near = known.filter(one => family !== '' && one.startsWith(family))
  if (near.length > 0) return `unknown modifier '${name}'; there are ${near.join(', ')}`
  return `unknown modifier '${name}'; names begin with ${[...new Set(known.map(one => one.replace(/\..*/, '')))].join(', ')}`
}
