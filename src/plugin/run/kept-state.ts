import { LastingLogger, type Logger } from '../../telemetry/logger.js'
import type { Keepable } from '../component.js'

interface Held {
  readonly value: object & Keepable
  leases: number
}

/**
 * State of components that outlives one generation of a configuration: opened ports, filters, counters. Generations that are built with
 * the same `KeptState` get the same object for the same key; it is closed when the last of them has closed.
 */
export class KeptState {
  /** For what is kept. */
  readonly logger = new LastingLogger()
  readonly #held = new Map<string, Held>()

  /**
   * Returns what is kept under `key`, opened at first use, and how to give it back.
   * @param key begins with the namespace of the component and names all that must be equal
   */
  lease<T extends object>(key: string, open: (logger: Logger) => T): { readonly value: T; release(): Promise<void> } {
    const held = this.#held.get(key) ?? { value: open(this.logger), leases: 0 }
    this.#held.set(key, held)
    held.leases++
    return { value: held.value as T, release: async () => this.#release(key, held) }
  }

  async #release(key: string, held: Held): Promise<void> {
    held.leases--
    if (held.leases > 0) return
    if (this.#held.get(key) === held) this.#held.delete(key)
    await held.value.close?.()
  }
}
