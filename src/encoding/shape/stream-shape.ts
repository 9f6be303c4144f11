/**
 * Shaping of JSON bodies of any size while they flow: the same results as `shape.ts`, at constant memory.
 *
 * In, at boot: a backend's configuration. Out: a factory of byte filters, one for each body. A body is a collection put
 * under a key, an object out of which fields are taken, or both; a subtree that is not wanted is skipped without being held.
 */

import type { BackendConfig } from '../../config/types.js'
import type { LongTokenStage } from '../../message/tokens/long-tokens.js'
import { TokenPipe } from '../../message/tokens/token-pipe.js'
import { compileAllowTree, compileDenyTree } from './filter.js'
import { CollectionPick, RootCheck } from './root.js'
import { mappingNames } from './shape.js'
import { ShapeStage, type StreamPlan } from './stage.js'

/** Shapes one body: text in, text out. Both throw GatewayError SLUICE_ERR_UPSTREAM_DECODE, or SLUICE_ERR_BODY_TOO_LARGE. */
export interface StreamShape {
  write(chunk: Uint8Array): Uint8Array[]
  end(): Uint8Array[]
}

type StreamShapeConfig = Pick<BackendConfig, 'target' | 'allow' | 'deny' | 'mapping' | 'group' | 'proxy' | 'isCollection'> & {
  /** `json` when left out. */
  readonly encoding?: string
}

/**
 * Compiles the shaping of a backend for streams. Undefined when it needs the whole body: a flatmap filter, or two fields
 * mapped to one name.
 *
 * @param bareCollection returns the value of `collection` alone, as the render `json-collection`. Default false.
 */
export function compileStreamShape(backend: StreamShapeConfig, bareCollection = false): (() => StreamShape) | undefined {
  const names = mappingNames(backend.mapping)
  if (backend.proxy.flatmapFilter.length > 0) return undefined
  if (new Set(names.map(([, to]) => to)).size < names.length) return undefined
  const allow = backend.allow.length > 0
  const tree = allow ? compileAllowTree(backend.allow) : compileDenyTree(backend.deny)
  for (const [from, to] of names) {
    if (from !== to) continue
    if (allow) tree.delete(from)
    else tree.set(from, true)
  }
  const plan: StreamPlan = {
    target: backend.target === '' ? [] : backend.target.split('.'),
    tree,
    allow,
    renamed: new Map(names),
    overwritten: new Map(names.filter(([from, to]) => from !== to).map(([from, to]) => [to, from])),
    group: backend.group
  }
  const root = backend.encoding === 'safejson' ? 'any' : backend.isCollection ? 'array' : 'object'
  return () => {
    const stages: LongTokenStage[] = [new RootCheck(root), new ShapeStage(plan)]
    if (bareCollection) stages.push(new CollectionPick())
    return new TokenPipe(stages, { code: 'SLUICE_ERR_UPSTREAM_DECODE', longValues: true })
  }
}
