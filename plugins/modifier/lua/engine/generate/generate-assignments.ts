/** Writes `local` and assignments, with gopher-lua's order of evaluation. */
import type { Expression, Statement } from '../syntax/ast.js'
import { ExpressionWriter } from './generate-expressions.js'

interface Place {
  target: Expression
  object?: string
  key?: string
}

export abstract class AssignmentWriter extends ExpressionWriter {
  protected localStatement(node: Statement & { type: 'local' }): string {
    const { names, values, line } = node
    const [only] = values
    if (names.length === 1 && values.length === 1 && only?.type === 'function') {
      const { js } = this.declare(names[0]!, line)
      return `let ${js}=${this.functionText(only)};`
    }
    const { texts, before } = this.adjusted(values, names.length)
    const variables = names.map(name => this.declare(name, line))
    return `${before}${variables.length > 0 ? `let ${variables.map(({ js }, i) => `${js}=${texts[i]}`).join(',')};` : ''}`
  }

  /** Texts of exactly `count` values, and what has to run before they are read. */
  protected adjusted(values: readonly Expression[], count: number): { texts: string[]; before: string } {
    const texts: string[] = []
    let before = ''
    values.forEach((value, i) => {
      const last = i === values.length - 1
      if (last && i < count - 1 && this.isMulti(value)) {
        const list = this.temporary()
        before += this.hold(texts)
        before += `const ${list}=${this.list(value)};`
        for (let j = 0; i + j < count; j++) texts.push(`${list}[${j}]`)
      } else if (i < count) texts.push(this.value(value))
      else {
        before += `${this.hold(texts)}${this.value(value)};`
      }
    })
    while (texts.length < count) texts.push('undefined')
    return { texts, before }
  }

  /** Evaluates what has been gathered, so that what follows is evaluated after it. */
  private hold(texts: string[]): string {
    let text = ''
    for (let i = 0; i < texts.length; i++) {
      if (/^x\d+$/.test(texts[i]!)) continue
      const name = this.temporary()
      text += `const ${name}=${texts[i]};`
      texts[i] = name
    }
    return text
  }

  protected assignment(node: Statement & { type: 'assign' }): string {
    const [target] = node.targets
    if (node.targets.length === 1 && node.values.length === 1) return this.store(target!, this.value(node.values[0]!))
    return `{${this.multipleAssignment(node.targets, node.values)}}`
  }

  /**
   * Several targets. As in gopher-lua a local of the running function is written at once, so that `a, b = b, a` of two locals gives both the
   * value of `b`; the other targets are written last, from right to left.
   */
  private multipleAssignment(targets: readonly Expression[], values: readonly Expression[]): string {
    let before = ''
    const places = targets.map(target => {
      if (target.type !== 'index') return { target }
      const object = this.ownLocal(target.object) ?? this.temporary()
      if (object.startsWith('x')) before += `const ${object}=${this.value(target.object)};`
      const key = this.temporary()
      before += `const ${key}=${this.value(target.key)};`
      return { target, object, key }
    })
    const after: string[] = []
    values.forEach((value, i) => {
      const place = places[i]
      if (place === undefined) {
        before += `${this.value(value)};`
      } else if (i === values.length - 1 && i < places.length - 1 && this.isMulti(value)) {
        const list = this.temporary()
        before += `const ${list}=${this.list(value)};`
        for (let j = i; j < places.length; j++) after.push(this.storeAt(places[j]!, `${list}[${j - i}]`))
      } else {
        before += this.assignOne(place, value, after)
      }
    })
    for (let i = after.length; i < places.length; i++) {
      const place = places[i]!
      if (this.ownLocal(place.target) !== undefined) before += this.storeAt(place, 'undefined')
      after.push(this.ownLocal(place.target) !== undefined ? '' : this.storeAt(place, 'undefined'))
    }
    return before + after.reverse().join('')
  }

  private assignOne(place: Place, value: Expression, after: string[]): string {
    if (this.ownLocal(place.target) !== undefined) {
      after.push('')
      return this.storeAt(place, this.value(value))
    }
    const direct = place.object === undefined ? undefined : this.ownLocal(value)
    if (direct !== undefined) {
      after.push(this.storeAt(place, direct))
      return ''
    }
    const name = this.temporary()
    after.push(this.storeAt(place, name))
    return `const ${name}=${this.value(value)};`
  }

  private storeAt(place: Place, value: string): string {
    const { target, object, key } = place
    if (object === undefined || key === undefined) return this.store(target, value)
    return `${this.mark(target.line)}setIndex(${object},${key},${value});`
  }

  private store(target: Expression, value: string): string {
    if (target.type === 'index') {
      const object = this.value(target.object)
      if (target.key.type === 'string')
        return `${this.mark(target.line)}setIndexS(${object},${JSON.stringify(target.key.value)},${value});`
      return `${this.mark(target.line)}setIndex(${object},${this.value(target.key)},${value});`
    }
    if (target.type !== 'name') throw new Error('no target')
    const variable = this.find(target.name)
    if (variable !== undefined) return `${variable.js}=${value};`
    const name = JSON.stringify(target.name)
    const slot = this.slot(target.name)
    if (slot === undefined) return `${this.mark(target.line)}setIndexS(${this.environment},${name},${value});`
    return `t=${value};if(E.metatable===undefined)G[${slot}]=t;else${this.mark(target.line)} setIndexS(E,${name},t);`
  }
}
