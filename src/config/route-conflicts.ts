/** Finds endpoints that KrakenD's router would refuse: the same route twice, or two names for one parameter. */

import type { Steps } from '../telemetry/in-turns.js'
import type { Findings } from './findings.js'
import type { EndpointConfig } from './types.js'

/** A segment that takes all the rest of a path. */
const REST = /^\{([\w-]+)\.\.\.\}$/

interface Node {
  children: Map<string, Branch> | undefined
  end: EndpointConfig | undefined
}

interface Branch extends Node {
  /** Parameter names of the segment, in order. */
  readonly names: string
  readonly owner: EndpointConfig
}

/** Reports conflicts among endpoints of the same method; both endpoints are named. */
export function* checkRoutes(endpoints: readonly EndpointConfig[], disableRest: boolean, findings: Findings): Steps<void> {
  const roots = new Map<string, Node>()
  const param = disableRest ? /\{([\w\-.:]+)\}/g : /^\{([a-zA-Z\-_0-9]+)\}/g
  for (const endpoint of endpoints) {
    let node: Node | undefined = roots.get(endpoint.method)
    if (node === undefined) {
      node = { children: undefined, end: undefined }
      roots.set(endpoint.method, node)
    }
    insert(node, endpoint, param, findings)
    yield
  }
}

function insert(root: Node, endpoint: EndpointConfig, param: RegExp, findings: Findings): void {
  let node = root
  const segments = segmentsOf(endpoint)
  for (let depth = 0; depth < segments.length; depth++) {
    const segment = segments[depth]!
    const { shape, names } = segment.includes('{') ? shapeOf(segment, param) : { shape: segment, names: '' }
    node.children ??= new Map()
    let child = node.children.get(shape)
    if (child === undefined) {
      child = { children: undefined, end: undefined, names, owner: endpoint }
      node.children.set(shape, child)
    } else if (child.names !== names) {
      const { owner } = child
      const prefix = segmentsOf(owner)
        .slice(0, depth + 1)
        .map(one => `/${one.replace(REST, '*$1').replace(param, ':$1')}`)
      const message = `':${names}' in new path '${endpoint.ginPath}' conflicts with existing wildcard ':${child.names}' in existing prefix '${prefix.join('')}'`
      const both = `${endpoint.method} ${endpoint.path} and ${owner.method} ${owner.path} at ${owner.pointer}`
      findings.add('fatal', `${endpoint.pointer}/endpoint`, `${message}: ${both}`, 'use one name')
      return
    }
    node = child
  }
  if (node.end === undefined) {
    node.end = endpoint
    return
  }
  const message = `handlers are already registered for path '${endpoint.ginPath}'`
  const both = `${endpoint.method} ${endpoint.path} at ${endpoint.pointer} and at ${node.end.pointer}`
  findings.add('fatal', `${endpoint.pointer}/endpoint`, `${message}: ${both}`, 'remove one of the two or change its method')
}

const segmentsOf = ({ path }: EndpointConfig): string[] => path.slice(1).split('/')

/** A segment without its names, and these in order. What takes all the rest stands beside parameters, and has one name. */
function shapeOf(segment: string, param: RegExp): { readonly shape: string; readonly names: string } {
  const names: string[] = []
  const named = (mark: string) => (_: string, name: string) => {
    names.push(name)
    return mark
  }
  return { shape: segment.replace(REST, named('*')).replace(param, named('{}')), names: names.join() }
}
