/**
 * `${NAME}` and `${NAME:-default}` in the texts of a configuration, behind the root switch `env_substitution`.
 *
 * Keys are never touched, and neither are notes (keys that begin with `@ $ _ #`, outside of a component's options). `$${` writes `${`.
 */

import { pointerTo } from '../findings.js'
import { isObject } from '../json-value.js'
import { isFreeKey, isTrue } from '../object-reader.js'

export const SUBSTITUTION_SWITCH = 'env_substitution'

/** A text in which a variable could not be filled in. */
export interface SubstitutionFault {
  readonly pointer: string
  readonly message: string
  readonly suggestion: string
}

/** An escape, or what looks like a reference: to the next brace, or to the end of the text when there is none. */
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/

// biome-ignore lint/suspicious/noTemplateCurlyInString: these are the references themselves
const FORM = 'write `${NAME}` or `${NAME:-default}`; `$${` stands for `${` itself'

/**
 * Fills in the variables of a document whose root has the switch on, in place: what is known of its numbers hangs on its objects.
 * @returns the texts that stay as they were written, for their faults
 */
export function substituteEnvironment(root: unknown, env: NodeJS.ProcessEnv): readonly SubstitutionFault[] {
  if (!isObject(root) || !isSwitchedOn(root)) return []
  const walk = new Substitution(env)
  walk.members(root, '', 'keys')
  return walk.faults
}

function isSwitchedOn(root: Record<string, unknown>): boolean {
  const key = Object.hasOwn(root, SUBSTITUTION_SWITCH)
    ? SUBSTITUTION_SWITCH
    : Object.keys(root).find(one => one.toLowerCase() === SUBSTITUTION_SWITCH)
  return key !== undefined && isTrue(root[key])
}

/** What the members of an object are: keys of the gateway, names of components, or options of one. */
type Level = 'keys' | 'components' | 'options'

class Substitution {
  readonly faults: SubstitutionFault[] = []
  private readonly env: NodeJS.ProcessEnv

  constructor(env: NodeJS.ProcessEnv) {
    this.env = env
  }

  members(holder: Record<string, unknown>, pointer: string, level: Level): void {
    for (const [key, member] of Object.entries(holder)) {
      if (level !== 'options' && isFreeKey(key)) continue
      holder[key] = this.value(member, pointerTo(pointer, key), levelBelow(level, key))
    }
  }

  private value(value: unknown, pointer: string, level: Level): unknown {
    if (typeof value === 'string') return value.includes('${') ? this.text(value, pointer) : value
    if (isObject(value)) this.members(value, pointer, level)
    else if (Array.isArray(value))
      for (const [i, item] of value.entries()) value[i] = this.value(item, pointerTo(pointer, i), level)
    return value
  }

  private text(text: string, pointer: string): string {
    return text.replace(REFERENCE, (written: string, inner: string | undefined, end: string | undefined) => {
      if (inner === undefined) return '${'
      const [, name, fallback] = (end === '}' && NAME.exec(inner)) || []
      if (name === undefined || fallback?.includes('${')) {
        const message = `${written} is no variable`
        this.faults.push({ pointer, message, suggestion: FORM })
        return written
      }
      const found = this.env[name]
      // As in a shell, a default also takes the place of an empty text.
      if (found !== undefined && (found !== '' || fallback === undefined)) return found
      if (fallback !== undefined) return fallback
      const message = `the environment variable ${name} is not set`
      this.faults.push({ pointer, message, suggestion: `set it, or give a default: \`\${${name}:-default}\`` })
      return written
    })
  }
}

function levelBelow(level: Level, key: string): Level {
  if (level === 'components') return 'options'
  return level === 'keys' && key.toLowerCase() === 'extra_config' ? 'components' : level
}
