/** Objects that are read alike: the items of a list, and the items of the same list in each of them. */
export class Alike {
  /** Names that were asked for. */
  readonly asked = new Set<string>()
  private readonly lists = new Map<string, Alike>()

  itemsOf(list: string): Alike {
    const items = this.lists.get(list) ?? new Alike()
    this.lists.set(list, items)
    return items
  }
}
