/** The components that come with the product: found beside the code, loaded by their list, never imported by `src`. */

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Component } from './component.js'

/** A component's place in the table of namespaces that the configuration is checked against. */
export interface ComponentNamespace {
  readonly namespace: string
  readonly scopes: readonly ('service' | 'endpoint' | 'backend')[]
  readonly schema: object
  readonly aliases?: readonly string[]
  readonly guard?: boolean
  readonly lacks?: string
}

/** Components by namespace. */
export type ComponentRegistry = ReadonlyMap<string, Component<never>>

export interface ShippedComponents {
  readonly registry: ComponentRegistry
  readonly namespaces: readonly ComponentNamespace[]
}

/** `src/plugin/shipped.ts` → `plugins/index.ts`; `dist/plugin/shipped.js` → `dist/plugins/index.js`. */
const LIST = import.meta.url.endsWith('.ts')
  ? new URL('../../plugins/index.ts', import.meta.url)
  : new URL('../plugins/index.js', import.meta.url)

let loaded: Promise<ShippedComponents> | undefined

/** Loads the declarations of the shipped components, once per process; what they need loads when they are configured. */
export function loadComponents(): Promise<ShippedComponents> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<ShippedComponents> {
  const registry = new Map<string, Component<never>>()
  const namespaces: ComponentNamespace[] = []
  if (existsSync(fileURLToPath(LIST))) {
    const { components } = (await import(LIST.href)) as { components: readonly Component<never>[] }
    for (const component of components) {
      registry.set(component.namespace, component)
      namespaces.push({
        namespace: component.namespace,
        scopes: component.scopes,
        schema: component.schema,
        guard: component.guard ?? false,
        ...(component.lacks === undefined ? {} : { lacks: component.lacks }),
        ...(component.aliases === undefined ? {} : { aliases: component.aliases })
      })
    }
  }
  return { registry, namespaces }
}
