/** Something of each endpoint, found by what an exchange tells of the endpoint that has served it. */

import type { EndpointFacts, FinishedExchange } from 'sluice/plugin'

export class ByEndpoint<T> {
  private readonly paths = new Map<string, Map<string, T>>()

  set({ path, method }: EndpointFacts, value: T): void {
    const methods = this.paths.get(path) ?? new Map<string, T>()
    this.paths.set(path, methods.set(method, value))
  }

  /** Undefined = no endpoint has served it, or none that is known. */
  of({ route, req }: FinishedExchange): T | undefined {
    const methods = this.paths.get(route)
    if (methods === undefined) return undefined
    // HEAD may be answered by the endpoint of GET, and a stage of the service may change the method
    return methods.get(req.method ?? '') ?? methods.get('GET') ?? methods.values().next().value
  }
}
