/** Where a gateway is in its life, as probes report it. */
export class Phase {
  #state: 'built' | 'opening' | 'serving' | 'stopping' = 'built'

  /** False while the port opens, and from the first moment of a stop on. A gateway without a port is ready when it is built. */
  get ready(): boolean {
    return this.#state === 'built' || this.#state === 'serving'
  }

  /** The admin port may be open before the gateway's own. */
  opening(): void {
    this.#go('opening')
  }

  serving(): void {
    this.#go('serving')
  }

  /** The port could not be opened. */
  failed(): void {
    this.#go('built')
  }

  stopping(): void {
    this.#state = 'stopping'
  }

  #go(state: 'built' | 'opening' | 'serving'): void {
    if (this.#state !== 'stopping') this.#state = state
  }
}
