// Tables of the status page: rows with keys, a filter, an order, pages.

import { count, visible } from './format.js'

/** Rows of one page: more would take long to draw, each second. */
const PAGE_ROWS = 50
/** Rows up to which a table is seen at a glance: it has no tools. */
const FEW_ROWS = 10
/** Characters of a cell that show unless its column says `most`; the rest is in its title. */
const MOST_TEXT = 160

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

export function write(node, given, most = MOST_TEXT) {
  const text = visible(given)
  const shown = text.length > most ? `${text.slice(0, most)}…` : text
  if (node.textContent === shown) return
  node.textContent = shown
  if (shown === text) node.removeAttribute('title')
  else node.title = text.slice(0, 5_000)
}

/** A box that scrolls must be reached by keys, and have a name. */
function scrolling(box, label) {
  box.tabIndex = 0
  box.setAttribute('role', 'region')
  box.setAttribute('aria-label', label)
  return box
}

/**
 * A table in the box `box`, with its tools before it. A row stays the same element, and only cells with another text are written.
 * `nameOf(item)` is what the filter looks at; `orders` are names and texts of columns to order by.
 */
export class Table {
  constructor(box, { label, caption, columns, nameOf, orders = [], isLong = false, detail }) {
    Object.assign(this, { columns, nameOf, isLong, detail })
    this.rows = new Map()
    this.items = []
    this.from = 0
    this.body = element('tbody')
    const heads = columns.map(({ head, kind }) =>
      element('th', { scope: 'col', textContent: visible(head), className: kind ?? '' })
    )
    const table = element(
      'table',
      {},
      element('caption', {}, element('span', { textContent: visible(caption) })),
      element('thead', {}, element('tr', {}, ...heads)),
      this.body
    )
    box.replaceChildren(
      this.makeTools(label, orders),
      scrolling(element('div', { className: 'scroll' }, table), `Table of ${label}`)
    )
  }

  makeTools(label, orders) {
    const begin = () => {
      this.from = 0
      this.draw(true)
    }
    this.filter = element('input', { type: 'search', autocomplete: 'off' })
    this.filter.setAttribute('aria-label', `Filter ${label}`)
    this.filter.addEventListener('input', begin)
    this.tools = element('div', { className: 'tools', hidden: !this.isLong }, element('label', {}, 'Filter ', this.filter))
    if (orders.length > 0) {
      const options = [['', 'as configured'], ...orders].map(([value, textContent]) => element('option', { value, textContent }))
      this.order = element('select', {}, ...options)
      this.order.setAttribute('aria-label', `Order of ${label}`)
      this.order.addEventListener('change', begin)
      this.tools.append(element('label', {}, 'Order ', this.order))
    }
    const turn = step => () => {
      this.from += step * PAGE_ROWS
      this.draw(true)
    }
    this.shown = element('span')
    this.back = element('button', { type: 'button', textContent: 'Previous' })
    this.forth = element('button', { type: 'button', textContent: 'Next' })
    this.back.setAttribute('aria-label', `Previous ${label}`)
    this.forth.setAttribute('aria-label', `Next ${label}`)
    this.back.addEventListener('click', turn(-1))
    this.forth.addEventListener('click', turn(1))
    this.tools.append(this.shown, this.back, this.forth)
    return this.tools
  }

  /** Shows rows in their order: pairs of a key and an item. An item that is the same object has not changed. */
  show(items) {
    this.items = items
    this.draw(false)
  }

  /** Rows that come next are others, whatever their keys. */
  forget() {
    this.rows.clear()
    this.ranks = undefined
  }

  /** `anew`: the operator has asked for other rows. Rows do not change places below the operator's cursor. */
  draw(anew) {
    const rows = this.selected(anew)
    this.from = Math.max(0, Math.min(this.from, PAGE_ROWS * Math.floor((rows.length - 1) / PAGE_ROWS)))
    const page = rows.slice(this.from, this.from + PAGE_ROWS)
    const shown = []
    const kept = new Map()
    for (const [key, item] of page) {
      const row = this.rows.get(key) ?? this.make(item)
      kept.set(key, row)
      if (row.item !== item) for (const [i, column] of this.columns.entries()) this.fill(row.cells[i], column, item)
      row.item = item
      shown.push(row.element)
      const below = this.detail?.(item, row)
      if (below !== undefined) shown.push(below)
    }
    this.rows = kept
    if (shown.length === 0) shown.push(this.nothing())
    this.place(shown)
    this.tell(rows.length, page.length)
  }

  /** What the filter lets through, ordered. */
  selected(anew) {
    const wanted = this.filter.value.toLowerCase()
    const items = wanted === '' ? this.items : this.items.filter(([, item]) => this.nameOf(item).toLowerCase().includes(wanted))
    const order = this.order?.value ?? ''
    if (order === '') return items
    if (!anew && this.ranks !== undefined && this.body.contains(document.activeElement)) {
      const rankOf = ([key]) => this.ranks.get(key) ?? Number.MAX_SAFE_INTEGER
      return [...items].sort((a, b) => rankOf(a) - rankOf(b))
    }
    const sorted = [...items].sort(([, a], [, b]) => (b[order] ?? 0) - (a[order] ?? 0))
    this.ranks = new Map(sorted.map(([key], i) => [key, i]))
    return sorted
  }

  tell(total, onPage) {
    const all = this.items.length
    this.tools.hidden = !this.isLong && all <= FEW_ROWS
    const range = total === onPage ? count(total) : `${count(this.from + 1)}–${count(this.from + onPage)}`
    write(
      this.shown,
      total === 0 ? `None of ${count(all)}` : `${range} of ${count(total)}${total === all ? '' : `, ${count(all)} in all`}`
    )
    this.back.hidden = this.forth.hidden = total <= PAGE_ROWS
    this.disable(this.back, this.from === 0)
    this.disable(this.forth, this.from + PAGE_ROWS >= total)
  }

  /** A button that loses its work keeps no focus: the other one takes it. */
  disable(button, isOver) {
    if (button.disabled === isOver) return
    const hadFocus = document.activeElement === button
    button.disabled = isOver
    if (isOver && hadFocus) (button === this.back ? this.forth : this.back).focus()
  }

  /** Rows that stay are not moved: one that moves would lose the focus. */
  place(shown) {
    const wanted = new Set(shown)
    for (const row of [...this.body.children]) if (!wanted.has(row)) row.remove()
    let at = this.body.firstElementChild
    for (const row of shown) {
      if (row === at) at = at.nextElementSibling
      else this.body.insertBefore(row, at)
    }
  }

  nothing() {
    this.none ??= element('tr', {}, element('td', { colSpan: this.columns.length, textContent: 'None.' }))
    return this.none
  }

  make(item) {
    const cells = this.columns.map(({ kind, node }, i) => {
      if (i > 0) return element('td', { className: kind ?? '' })
      // what names a row is as wide as it needs to be, up to a limit
      const name = node?.(item) ?? element('span')
      name.classList.add('name')
      return element('th', { scope: 'row' }, name)
    })
    return { element: element('tr', {}, ...cells), cells }
  }

  fill(cell, { cell: text, tone, kind, node, most }, item) {
    if (node === undefined) write(cell.firstElementChild ?? cell, String(text(item)), most)
    if (tone !== undefined) cell.className = `${kind ?? ''} ${tone(item) ?? ''}`
  }
}
