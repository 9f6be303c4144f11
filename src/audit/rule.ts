/** What a rule of an audit is, and how rules find the places that they speak of. */

import { pointerTo } from '../config/findings.js'
import { isObject } from '../config/json-value.js'
import type { BackendPart, ComponentPart, ConfigPart, EndpointPart, ServicePart } from './inventory.js'

/** From the worst to the mildest. */
export const SEVERITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const
export type AuditSeverity = (typeof SEVERITIES)[number]

/** JSON pointers of what a rule found; '' is the file as a whole, none of them: the rule is kept. */
export type Places = readonly string[]

export interface Rule {
  /** KrakenD's number, or one of Sluice's own, which begins with S. */
  readonly id: string
  readonly severity: AuditSeverity
  readonly message: string
  readonly places: (service: ServicePart) => Places
}

const KEPT: Places = []
const WHOLE_FILE: Places = ['']

/** Speaks of the file as a whole when a condition holds. */
export const when =
  (holds: (service: ServicePart) => boolean): Rule['places'] =>
  service =>
    holds(service) ? WHOLE_FILE : KEPT

/** Speaks of a switch of the root that is on. */
export const rootSwitch =
  (key: string): Rule['places'] =>
  ({ reader }) =>
    reader.boolean(key, false) ? [reader.at(key)] : KEPT

/** Speaks of each endpoint for which `place` returns a pointer. */
export const inEndpoints =
  (place: (endpoint: EndpointPart, service: ServicePart) => string | undefined): Rule['places'] =>
  service =>
    pointers(service.endpoints.map(endpoint => place(endpoint, service)))

/** Speaks of each backend for which `place` returns a pointer. */
export const inBackends =
  (place: (backend: BackendPart, endpoint: EndpointPart) => string | undefined): Rule['places'] =>
  service =>
    pointers(service.endpoints.flatMap(endpoint => endpoint.backends.map(backend => place(backend, endpoint))))

/** Speaks of each component of a namespace, at whatever level, for which `place` returns a pointer. */
export const inComponents =
  (namespace: string, place: (component: ComponentPart, part: ConfigPart) => string | undefined): Rule['places'] =>
  service =>
    pointers(
      partsOf(service).map(part => {
        const component = part.components.get(namespace)
        return component && place(component, part)
      })
    )

/** Returns the service, its endpoints and their backends. */
export function partsOf(service: ServicePart): readonly ConfigPart[] {
  return [service, ...service.endpoints.flatMap(endpoint => [endpoint, ...endpoint.backends])]
}

/** Returns where a component's option stands when it is true. */
export function optionIsOn(component: ComponentPart | undefined, option: string): string | undefined {
  return component?.options[option] === true ? pointerTo(component.pointer, option) : undefined
}

/** Returns the names of plugins that a component lists: one text, or a list of texts. */
export function pluginNames(component: ComponentPart | undefined): readonly string[] {
  const name = component?.options.name
  return (Array.isArray(name) ? name : [name]).filter(one => typeof one === 'string')
}

/** Tells whether a component of telemetry is there; `telemetry/opencensus` without exporters is none. */
export function isWatched({ components }: ServicePart, namespace: string): boolean {
  const component = components.get(namespace)
  return component !== undefined && (namespace !== 'telemetry/opencensus' || isObject(component.options.exporters))
}

const pointers = (places: readonly (string | undefined)[]): Places => places.filter(place => place !== undefined)
