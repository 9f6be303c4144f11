/** Finds endpoints that KrakenD's router would refuse: the same route twice, or two names for one parameter. */

import type { Findings } from './findings.js'
import type { EndpointConfig } from './types.js'

/** A segment that takes all the rest of a path. */
const REST = /^\{([\w-]+)\.\.\.\}$/

interface Node {
  readonly children: Map<string, Branch>
  end: EndpointConfig | undefined
}

interface Branch extends Node {
  /** Parameter names of the segment, in order. */
  readonly names: string
  readonly owner: EndpointConfig
  readonly prefix: string
}

/** Reports conflicts among endpoints of the same method; both endpoints are named. */
export function checkRoutes(endpoints: readonly EndpointConfig[], disableRest: boolean, findings: Findings): void {
  const roots = new Map<string, Node>()
  const param = disableRest ? /\{([\w\-.:]+)\}/g : /^\{([a-zA-Z\-_0-9]+)\}/g
  for (const endpoint of endpoints) {
    let node: Node | undefined = roots.get(endpoint.method)
    if (node === undefined) {
      node = { children: new Map(), end: undefined }
      roots.set(endpoint.method, node)
    }
    insert(node, endpoint, param, findings)
  }
}

function insert(root: Node, endpoint: EndpointConfig, param: RegExp, findings: Findings): void {
  let node = root
  let prefix = ''
  for (const segment of endpoint.path.slice(1).split('/')) {
    const names: string[] = []
    // what takes all the rest stands beside parameters, and has one name
    const shape = segment
      .replace(REST, (_, name: string) => {
        names.push(name)
        return '*'
      })
      .replace(param, (_, name: string) => {
        names.push(name)
        return '{}'
      })
    prefix += `/${segment.replace(REST, '*$1').replace(param, ':$1')}`
    let child = node.children.get(shape)
    if (child === undefined) {
      child = { children: new Map(), end: undefined, names: names.join(), owner: endpoint, prefix }
      node.children.set(shape, child)
    } else if (child.names !== names.join()) {
      const message = `':${names.join()}' in new path '${endpoint.ginPath}' conflicts with existing wildcard ':${child.names}' in existing prefix '${child.prefix}'`
      const other = `${child.owner.method} ${child.owner.path} at ${child.owner.pointer}`
      findings.add(
        'fatal',
        `${endpoint.pointer}/endpoint`,
        `${message}: ${endpoint.method} ${endpoint.path} and ${other}`,
        'use one name'
      )
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
