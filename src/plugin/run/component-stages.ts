/** Compiles the components that a place configures, and joins stages in the order of their slots. */

import { ConfigError, GatewayError } from '../../errors.js'
import { ResponseMessage } from '../../message/response.js'
import type { PipeStage } from '../../pipe/description.js'
import type { Layer } from '../../pipe/layer.js'
import { timeStage, timeStepStage } from '../../pipe/measure.js'
import { type Next, NextStep, nextOf, type Wrap } from '../../pipe/next.js'
import type { Step, StepWrap } from '../../pipe/step.js'
import type { StagePlace } from '../../telemetry/facts.js'
import type { Observers } from '../../telemetry/observer.js'
import type { Component, FieldEdits, SlottedEdit, SlottedFollow, SlottedWrap } from '../component.js'
import { OptionReader } from '../option-reader.js'
import type { Needs } from '../types.js'
import { BrokenBase, CompileContext, type ComponentHost } from './compile-context.js'
import { aroundByEdit } from './edit-step.js'
import { aroundByFollow } from './follow-step.js'
import type { Place } from './place.js'
import { textOf } from './plugin-failure.js'

/** What every stage has: its slot, its name, and what it needs of a body. */
interface StageFacts {
  /** `outer/cors`, `transport/plugin` … */
  readonly slot: string
  readonly name: string
  readonly needs: Needs | undefined
  /** Several names behind one stage, outermost first. */
  readonly members?: readonly StageMember[]
}

/** One of several names behind one stage. */
export interface StageMember {
  readonly name: string
  readonly needs: Needs | undefined
  /** What there is to say of it at the moment. */
  readonly note?: (() => string) | undefined
}

/** A stage that is a function around a `next`. */
export interface WrapStage extends StageFacts {
  readonly wrap: Wrap
}

/** A stage that needs no promises of its own. */
export interface DirectStage extends StageFacts {
  readonly direct: StepWrap
  /** The same, for an exchange without message objects. */
  readonly fields?: FieldEdits | undefined
}

export type Stage = WrapStage | DirectStage

/** A component without slots adds no stage: it watches, or shares something. */
export const addsStages = ({ slots }: Component): boolean => Object.keys(slots).length > 0

/**
 * Compiles the components of one place in the order of the registry. What cannot be honoured is a fault; with `tolerant` it is
 * an ERROR line too, and left out, or, where it protects, refuses every request.
 */
export async function compileComponents(
  place: Place,
  host: ComponentHost,
  wanted?: (component: Component) => boolean
): Promise<Stage[]> {
  const stages: Stage[] = []
  for (let i = 0; i < host.components.length; i++) {
    const component = host.components[i]!
    const options = place.extra[component.namespace]
    if (options === undefined || !component.scopes.includes(place.scope) || wanted?.(component) === false) continue
    const slot = component.slots[place.scope]
    const { namespace: name, needs } = component
    const context = new CompileContext(component, place, host)
    try {
      const made = await component.compile(new OptionReader(options, context), context)
      const own = typeof made === 'function' ? (slot === undefined ? [] : [{ slot, wrap: made }]) : (made ?? [])
      for (const one of own) stages.push(stageOf(one, name, needs))
    } catch (cause) {
      const { tolerant } = host.service
      const error =
        cause instanceof ConfigError || cause instanceof BrokenBase
          ? cause
          : new ConfigError([context.problem('', messageOf(cause))])
      if (error instanceof ConfigError) for (const problem of error.problems) host.takeFault(problem, tolerant)
      if (place.scope === 'service') host.broken.add(name)
      if (!tolerant) continue
      if (component.guard && slot !== undefined) {
        host.told.tell(
          'error',
          `[${name}] refuses every request`,
          `${place.tag}[${name}] refuses every request: ${error.message}`
        )
        stages.push({ slot, name, needs: 'head', wrap: refuseAll(component.refusal) })
      } else host.told.tell('error', `[${name}] left out`, `${place.tag}[${name}] left out: ${error.message}`)
    }
  }
  return stages
}

function stageOf(made: SlottedWrap | SlottedEdit | SlottedFollow, name: string, needs: Needs | undefined): Stage {
  const facts = { slot: made.slot, name, needs: made.needs ?? needs }
  if ('wrap' in made) return { ...facts, wrap: made.wrap }
  if ('follow' in made) return { ...facts, direct: aroundByFollow(made) }
  return { ...facts, direct: aroundByEdit(made), fields: made.fields }
}

/** Stands in place of a guard that could not be compiled: it refuses every request. */
function refuseAll(status: number | undefined): Wrap {
  if (status !== undefined) return () => async () => new ResponseMessage(status)
  return () => () => Promise.reject(new GatewayError('SLUICE_ERR_GATEWAY_REJECTED'))
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : textOf(cause)
}

/** Stages that tell observers how long they take. */
export function timeStages(stages: readonly Stage[], place: Place, observers: Observers): Stage[] {
  if (observers.isEmpty) return stages as Stage[]
  return stages.map(stage => {
    const watch = observers.stage(place, stage.name)
    if (watch === undefined) return stage
    const { slot, name, needs } = stage
    if ('direct' in stage) return { slot, name, needs, direct: timeStepStage(stage.direct, watch) }
    return { slot, name, needs, wrap: timeStage(stage.wrap, watch) }
  })
}

/** Stages in the order of `slots`, outermost first; within a slot as they were compiled. */
export function inSlots<S extends Stage>(stages: readonly S[], group: string, slots: readonly string[]): readonly S[] {
  const placed: { readonly stage: S; readonly order: number }[] = []
  for (const stage of stages) {
    const { slot } = stage
    if (!slot.startsWith(group) || slot[group.length] !== '/') continue
    const order = slots.indexOf(slot.slice(group.length + 1))
    if (order >= 0) placed.push({ stage, order })
  }
  return placed.sort((a, b) => a.order - b.order).map(({ stage }) => stage)
}

/** Joins stages, outermost first, to one layer; undefined for none. */
export function joinStages(scope: StagePlace['scope'], stages: readonly Stage[]): Layer | undefined {
  if (stages.length === 0) return undefined
  return { wrap: step => stagesAround(step, stages), stages: described(scope, stages) }
}

/** Promises are made only where a stage wants them: neighbours that do hand them to each other. */
function stagesAround(step: Step, stages: readonly Stage[]): Step {
  let inner = step
  let next: Next | undefined // in place of `inner` behind a stage that returns promises
  for (const stage of stages.toReversed()) {
    if ('wrap' in stage) next = stage.wrap(next ?? nextOf(inner))
    else {
      inner = stage.direct(next === undefined ? inner : new NextStep(next))
      next = undefined
    }
  }
  return next === undefined ? inner : new NextStep(next)
}

/** What stages do, outermost first, when they look at header fields alone: else undefined. */
export function fieldEditsOf(stages: readonly Stage[]): FieldEdits[] | undefined {
  const edits: FieldEdits[] = []
  for (const stage of stages) {
    if (!('direct' in stage) || stage.fields === undefined) return undefined
    edits.push(stage.fields)
  }
  return edits
}

const HOLDS = { head: 'no', stream: 'no', body: 'yes', data: 'yes' } as const

/** What `sluice pipes` prints of stages: one line for each of a stage's members. */
function described(scope: string, stages: readonly Stage[]): PipeStage[] {
  return stages.flatMap(stage => {
    const place = `${scope}/${stage.slot.slice(0, stage.slot.indexOf('/'))}`
    return stage.members === undefined ? describedMember(stage, place) : stage.members.map(one => describedMember(one, place))
  })
}

function describedMember({ name, needs, note }: StageMember, place: string): PipeStage {
  const stage = { name, place, holdsBody: needs === undefined ? ('may' as const) : HOLDS[needs] }
  return note === undefined ? stage : Object.defineProperty(stage, 'note', { get: note, enumerable: true })
}
