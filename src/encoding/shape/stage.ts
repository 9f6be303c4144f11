/**
 * Shaping as a token stage: the state machine behind `stream-shape.ts`.
 *
 * It holds no values but one: a field that a renamed one, yet to come, would replace (`mapping: {"a": "b"}` on a document
 * where `b` stands before `a`).
 */

import { GatewayError } from '../../errors.js'
import type { LongToken, LongTokenStage } from '../../message/tokens/long-tokens.js'
import type { FieldTree } from './filter.js'
import { closes, END_OBJECT, opens, START_OBJECT } from './root.js'

/** What one body's stage is told; compiled at boot. */
export interface StreamPlan {
  /** [] = the root. */
  readonly target: readonly string[]
  readonly tree: FieldTree
  /** The tree lists what stays (true) or what goes. */
  readonly allow: boolean
  /** New names of root fields. */
  readonly renamed: ReadonlyMap<string, string>
  /** Names that a renamed field takes, to the name it had. */
  readonly overwritten: ReadonlyMap<string, string>
  /** '' = none. */
  readonly group: string
}

type Push = (t: LongToken) => void

/** An object being filtered. */
interface Level {
  readonly tree: FieldTree
  /** The key it stands under, not yet written; undefined once it is open. With `allow` an object opens with its first field. */
  key: string | undefined
}

const SEEK = 0
const FILTER = 1
const COPY = 2
const SKIP = 3
const LOST = 4
const DONE = 5

/** Most that is held of fields that may yet be replaced, characters. */
const HELD_LIMIT = 1024 * 1024

/** Shapes the document of one body. */
export class ShapeStage implements LongTokenStage {
  private readonly plan: StreamPlan
  private mode: 0 | 1 | 2 | 3 | 4 | 5 = SEEK
  /** Where to go on after a copied or skipped value. */
  private resume: 0 | 1 = SEEK
  /** Nesting inside the copied or skipped value. */
  private depth = 0
  /** How many objects of the target path are entered, less the root; -1 before the root. */
  private matched = -1
  /** The key whose value comes next. */
  private key: string | undefined
  private readonly levels: Level[] = []
  private started = false
  /** Root fields written under their new name, by their old one. */
  private readonly moved = new Set<string>()
  private readonly held = new Map<string, LongToken[]>()
  private heldSize = 0
  /** The field being held, while its value comes. */
  private holding: LongToken[] | undefined

  constructor(plan: StreamPlan) {
    this.plan = plan
  }

  token(t: LongToken, push: Push): void {
    switch (this.mode) {
      case COPY:
        this.emit(t, push)
        this.inside(t)
        return
      case SKIP:
        this.inside(t)
        return
      case SEEK:
        this.seek(t, push)
        return
      case FILTER:
        this.filter(t, push)
    }
  }

  end(push: Push): void {
    if (this.mode !== DONE) {
      this.start(push)
      this.finish(push)
    }
  }

  /** Walks down the target path; what lies beside it is skipped. Lost when it breaks off: the result is an empty object. */
  private seek(t: LongToken, push: Push): void {
    const { target } = this.plan
    if (t.name === 'keyValue') {
      this.key = t.value
    } else if (this.matched < 0 || this.key === target[this.matched]) {
      if (t.name === 'startObject') this.descend(push)
      else if (this.matched < 0 && target.length === 0) this.nullDocument(push)
      else this.mode = LOST
    } else if (t.name === 'endObject') {
      this.mode = LOST
    } else if (opens(t)) {
      this.skip(SEEK)
    }
  }

  private descend(push: Push): void {
    this.matched++
    this.key = undefined
    if (this.matched < this.plan.target.length) return
    this.mode = FILTER
    this.levels.push({ tree: this.plan.tree, key: undefined })
    this.start(push)
  }

  private filter(t: LongToken, push: Push): void {
    const level = this.levels[this.levels.length - 1]!
    if (t.name === 'keyValue') {
      this.key = t.value
      return
    }
    if (t.name === 'endObject') {
      this.close(level, push)
      return
    }
    const key = this.key!
    const inner = level.tree.get(key)
    if (inner !== undefined && inner !== true && t.name === 'startObject') {
      this.levels.push({ tree: inner, key })
      if (!this.plan.allow) this.open(push)
      return
    }
    const keep = this.plan.allow ? inner === true : inner !== true
    if (!keep) {
      if (opens(t)) this.skip(FILTER)
      return
    }
    this.open(push)
    this.writeKey(key, this.levels.length === 1, push)
    this.emit(t, push)
    if (opens(t)) {
      this.mode = COPY
      this.resume = FILTER
      this.depth = 1
    } else if (this.levels.length === 1) this.holding = undefined
  }

  /** Writes the openings that wait for a first field. */
  private open(push: Push): void {
    for (let i = 1; i < this.levels.length; i++) {
      const level = this.levels[i]!
      if (level.key === undefined) continue
      this.writeKey(level.key, i === 1, push)
      level.key = undefined
      this.emit(START_OBJECT, push)
    }
  }

  private close(level: Level, push: Push): void {
    this.levels.pop()
    if (this.levels.length === 0) this.finish(push)
    else if (level.key === undefined) this.emit(END_OBJECT, push)
    if (this.levels.length === 1) this.holding = undefined
  }

  /** Root fields get their new names; one that a later field may replace is held until that is known. */
  private writeKey(key: string, atRoot: boolean, push: Push): void {
    if (!atRoot) {
      this.emit({ name: 'keyValue', value: key }, push)
      return
    }
    const name = this.plan.renamed.get(key)
    if (name !== undefined) {
      this.moved.add(key)
      push({ name: 'keyValue', value: name })
      return
    }
    const by = this.plan.overwritten.get(key)
    if (by === undefined) {
      push({ name: 'keyValue', value: key })
      return
    }
    this.holding = [{ name: 'keyValue', value: key }]
    if (!this.moved.has(by)) this.held.set(key, this.holding)
  }

  private emit(t: LongToken, push: Push): void {
    if (this.holding === undefined) {
      push(t)
      return
    }
    this.heldSize += 8 + ('value' in t && typeof t.value === 'string' ? t.value.length : 0)
    if (this.heldSize > HELD_LIMIT) {
      throw new GatewayError('SLUICE_ERR_BODY_TOO_LARGE', {
        message: 'a field that mapping may replace is too large to hold',
        limit: `held_field=${HELD_LIMIT}`
      })
    }
    this.holding.push(t)
  }

  private inside(t: LongToken): void {
    if (opens(t)) this.depth++
    else if (closes(t)) {
      if (--this.depth > 0) return
      this.mode = this.resume
      if (this.levels.length === 1) this.holding = undefined
    }
  }

  private skip(resume: 0 | 1): void {
    this.mode = SKIP
    this.resume = resume
    this.depth = 1
  }

  private start(push: Push): void {
    if (this.started) return
    this.started = true
    if (this.plan.group !== '') {
      push(START_OBJECT)
      push({ name: 'keyValue', value: this.plan.group })
    }
    push(START_OBJECT)
  }

  private finish(push: Push): void {
    this.mode = DONE
    for (const [key, tokens] of this.held) {
      if (!this.moved.has(this.plan.overwritten.get(key)!)) for (const t of tokens) push(t)
    }
    push(END_OBJECT)
    if (this.plan.group !== '') push(END_OBJECT)
  }

  private nullDocument(push: Push): void {
    this.mode = DONE
    if (this.plan.group !== '') {
      push(START_OBJECT)
      push({ name: 'keyValue', value: this.plan.group })
    }
    push({ name: 'nullValue', value: null })
    if (this.plan.group !== '') push(END_OBJECT)
  }
}
