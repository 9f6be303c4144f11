/** Compiled pipes as the status page shows them: what holds a body, and targets without credentials. */

import type { PipeDescription, PipeTree } from '../../pipe/description.js'
import { mask } from './mask.js'
import type { EndpointShape } from './report.js'

export function shapeOf(pipe: PipeDescription): EndpointShape {
  const holds = new Set<string>()
  const mayHold = new Set<string>()
  visit(pipe, holds, mayHold)
  const { stages, backends } = masked(pipe)
  return { ...pipe, stages, backends, holds: [...holds], may_hold: [...mayHold] }
}

function visit(tree: PipeTree, holds: Set<string>, mayHold: Set<string>): void {
  for (const stage of [...tree.stages, ...tree.backends.flatMap(backend => backend.stages)]) {
    if (stage.holdsBody === 'yes') holds.add(stage.name)
    if (stage.holdsBody === 'may') mayHold.add(stage.name)
    if (stage.copy !== undefined) visit(stage.copy, holds, mayHold)
  }
}

/** Without credentials in the targets of its backends. */
function masked(tree: PipeTree): PipeTree {
  const stagesOf = (stages: PipeTree['stages']): PipeTree['stages'] =>
    stages.map(stage => (stage.copy === undefined ? stage : { ...stage, copy: masked(stage.copy) }))
  return {
    stages: stagesOf(tree.stages),
    backends: tree.backends.map(({ method, target, stages }) => ({ method, target: mask(target), stages: stagesOf(stages) }))
  }
}
