/**
 * What an evaluation may cost. The unit is one step of an expression, some 0.15 µs; work that grows with a value (comparing
 * texts, walking lists) pays by the value's size. An expression that runs over its budget fails, so its exchange is refused.
 */

import type { CelValue } from '@bufbuild/cel'
import { isCelList, isCelMap } from './collections.js'

/** Characters or bytes that are handled in one step. */
const PER_STEP = 64

/** Thrown when the budget is spent. */
class CostExceeded extends Error {
  override readonly name = 'CostExceeded'
}

/** Counts the steps of one evaluation at a time. */
export class Meter {
  private budget = 0
  private left = 0

  start(budget: number): void {
    this.budget = budget
    this.left = budget
  }

  /** True once the budget is spent. The operators `||` and `&&` swallow errors, so the end of an evaluation asks too. */
  get exceeded(): boolean {
    return this.left < 0
  }

  /** @throws CostExceeded, also on each further charge */
  charge(steps: number): void {
    this.left -= steps
    if (this.left < 0) throw this.error()
  }

  error(): CostExceeded {
    return new CostExceeded(`the evaluation takes more than ${this.budget} steps`)
  }

  /** Charges a walk over a text or over bytes. */
  chargeText(value: unknown): void {
    if (typeof value === 'string' || value instanceof Uint8Array) this.charge(Math.ceil(value.length / PER_STEP))
  }

  /** Charges the search of `part` in `text`. */
  chargeSearch(text: string, part: string): void {
    this.charge(Math.ceil(text.length / PER_STEP) * Math.ceil((part.length + 1) / PER_STEP))
  }

  /** Charges a comparison: the whole of `left`, unless the other side shows at once that they differ. */
  chargeComparison(left: CelValue, right: CelValue): void {
    if (isCelList(left)) {
      if (isCelList(right) && right.size === left.size) this.chargeWhole(left)
    } else if (isCelMap(left)) {
      if (isCelMap(right) && right.size === left.size) this.chargeWhole(left)
    } else if (typeof right === typeof left) this.chargeText(left)
  }

  /** Charges a value with all that it holds. */
  chargeWhole(value: CelValue): void {
    if (isCelList(value)) {
      this.charge(value.size)
      for (const item of value) this.chargeWhole(item)
    } else if (isCelMap(value)) {
      this.charge(2 * value.size)
      for (const item of value.values()) this.chargeWhole(item)
    } else this.chargeText(value)
  }
}
