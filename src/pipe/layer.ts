/** Pipes are put together from the inside out: a layer is a wrap around a step, together with what it says about itself. */

import type { PipeStage, PipeTree } from './description.js'
import { type Step, type StepWrap, type Work, WorkStep } from './step.js'

/** A step, and all that stands in it. */
export interface Pipe extends PipeTree {
  readonly step: Step
}

/** What stands around a pipe: one wrap, and the stages that it is made of, outermost first. */
export interface Layer<W = StepWrap> {
  readonly wrap: W
  readonly stages: readonly PipeStage[]
}

/** Puts layers around a pipe, the first one innermost. What is undefined was not configured. */
export function layered(pipe: Pipe, ...layers: readonly (Layer | undefined)[]): Pipe {
  let { step, stages } = pipe
  for (const layer of layers) {
    if (layer === undefined) continue
    step = layer.wrap(step)
    stages = [...layer.stages, ...stages]
  }
  return { step, stages, backends: pipe.backends }
}

/** A layer of one stage whose work sees each response. */
export function workLayer(work: Work, stage: PipeStage): Layer {
  return { wrap: inner => new WorkStep(inner, work), stages: [stage] }
}

/** Joins two layers to one, the second one outside. */
export function joinLayers(inner: Layer | undefined, outer: Layer | undefined): Layer | undefined {
  if (inner === undefined || outer === undefined) return inner ?? outer
  return { wrap: step => outer.wrap(inner.wrap(step)), stages: [...outer.stages, ...inner.stages] }
}
