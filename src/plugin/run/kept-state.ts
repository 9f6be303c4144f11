import type { Keepable } from '../component.js'

/**
 * State of components that outlives one generation of a configuration: opened ports, filters, counters. Generations that are built with
 * the same `KeptState` get the same object for the same key; it is closed when the last of them has closed.
 */
export class KeptState {
  readonly #held = new Map<string, { readonly value: Keepable; leases: number }>()

  /**
   * Returns what is kept under `key`, opened at first use, and how to give it back.
   * @param key begins with the namespace of the component and names all that must be equal
   */
  lease<T extends Keepable>(key: string, open: () => T): { readonly value: T; release(): Promise<void> } {
    const held = this.#held.get(key) ?? { value: open(), leases: 0 }
    this.#held.set(key, held)
    held.leases++
    return { value: held.value as T, release: async () => this.#release(key, held) }
  }

  async #release(key: string, held: { readonly value: Keepable; leases: number }): Promise<void> {
    held.leases--
    if (held.leases > 0) return
    this.#held.delete(key)
    await held.value.close()
  }
}
