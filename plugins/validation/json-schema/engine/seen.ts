/** Which properties and items of one value the schemas that apply to it have looked at: what `unevaluated…` needs to know. */
export class Seen {
  private everyProperty = false
  private everyItem = false
  private readonly properties = new Set<string>()
  /** Items below this index. */
  private prefix = 0
  private readonly items = new Set<number>()

  addProperty(name: string): void {
    if (!this.everyProperty) this.properties.add(name)
  }

  addEveryProperty(): void {
    this.everyProperty = true
  }

  addItem(index: number): void {
    if (!this.everyItem) this.items.add(index)
  }

  addPrefix(length: number): void {
    if (length > this.prefix) this.prefix = length
  }

  addEveryItem(): void {
    this.everyItem = true
  }

  hasProperty(name: string): boolean {
    return this.everyProperty || this.properties.has(name)
  }

  hasItem(index: number): boolean {
    return this.everyItem || index < this.prefix || this.items.has(index)
  }

  /** Adds what another schema has seen of the same value. */
  merge(other: Seen): void {
    if (other.everyProperty) this.everyProperty = true
    else for (const name of other.properties) this.addProperty(name)
    if (other.everyItem) this.everyItem = true
    else for (const index of other.items) this.addItem(index)
    this.addPrefix(other.prefix)
  }
}
