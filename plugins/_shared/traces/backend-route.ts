import type { BackendFacts } from 'sluice/plugin'

/** A backend's pattern as spans and metrics show it: `/users/{{.Id}}` → `/users/:id`. */
export function backendRoute(backend: BackendFacts): string {
  return backend.goPattern.replace(/\{\{\.(.*?)\}\}/g, (_, name: string) => `:${name.toLowerCase()}`)
}
