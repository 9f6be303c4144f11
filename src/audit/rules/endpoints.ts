/** Sections 5 and 6: endpoints and agents. */

import { cleanPath } from '../../config/path-params.js'
import type { EndpointPart } from '../inventory.js'
import { inEndpoints, optionIsOn, type Rule, rootSwitch, when } from '../rule.js'

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD'])
const MANY_AGENTS = 10
/** A wildcard, also one with a name of its own. */
const REST = /(?:\*|(?:\.\.\.|…)\})$/

/** Counts calls that may change something at a backend; gRPC calls are among them. */
const writes = ({ backends }: EndpointPart): number =>
  backends.filter(({ method, components }) => !SAFE_METHODS.has(method) || components.has('backend/grpc')).length

export const ENDPOINT_RULES: readonly Rule[] = [
  {
    id: '5.1.1',
    severity: 'LOW',
    message: 'disable_rest lets parameters stand anywhere in a path: whole segments are easier to read and to route.',
    places: rootSwitch('disable_rest')
  },
  {
    id: '5.1.2',
    severity: 'LOW',
    message: 'The debug endpoint is open to every client: remove debug_endpoint.',
    places: rootSwitch('debug_endpoint')
  },
  {
    id: '5.1.3',
    severity: 'LOW',
    message: 'The echo endpoint shows every client what the gateway gets: remove echo_endpoint.',
    places: rootSwitch('echo_endpoint')
  },
  {
    id: '5.1.4',
    severity: 'LOW',
    message: 'A wildcard lets paths through that are not listed: declare the endpoints.',
    places: inEndpoints(({ path, reader }) => (REST.test(path) ? reader.at('endpoint') : undefined))
  },
  {
    id: '5.1.5',
    severity: 'MEDIUM',
    message: '/__catchall serves whatever no endpoint has: declare the endpoints.',
    places: inEndpoints(({ path, reader }) => (cleanPath(path) === '/__catchall' ? reader.at('endpoint') : undefined))
  },
  {
    id: '5.1.6',
    severity: 'MEDIUM',
    message: 'Several backends of one endpoint write: when one of them fails, the others have written.',
    places: inEndpoints(endpoint => (writes(endpoint) > 1 ? endpoint.reader.at('backend') : undefined))
  },
  {
    id: '5.1.7',
    severity: 'MEDIUM',
    message: 'The backends are called one after the other: their times add up, and later ones depend on earlier ones.',
    places: inEndpoints(({ components }) => optionIsOn(components.get('proxy'), 'sequential'))
  },
  {
    id: '5.2.1',
    severity: 'CRITICAL',
    message: 'An endpoint has no backend: give it one.',
    places: inEndpoints(({ backends, pointer }) => (backends.length === 0 ? pointer : undefined))
  },
  {
    id: '5.2.2',
    severity: 'LOW',
    message: 'Each endpoint has one backend: joining several saves clients requests.',
    places: when(({ endpoints }) => endpoints.every(({ backends }) => backends.length <= 1))
  },
  {
    id: '5.2.3',
    severity: 'LOW',
    message: 'All endpoints are no-op: clients depend on what each backend sends.',
    places: when(({ endpoints }) => endpoints.every(({ outputEncoding }) => outputEncoding === 'no-op'))
  },
  {
    id: '6.1.1',
    severity: 'LOW',
    message: `${MANY_AGENTS} agents or more start one after the other: remove sequential_start.`,
    places: ({ agents, ...service }) =>
      agents.length < MANY_AGENTS ? [] : rootSwitch('sequential_start')({ agents, ...service })
  }
]
