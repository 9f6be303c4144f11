/** Says which pipe each endpoint got and which of its stages hold, or may hold, a body: `sluice pipes`. Rank 8, beside the gateway. */

import type { BackendConfig, EndpointConfig } from './config/types.js'

/** One step of a pipe. */
export interface PipeStage {
  readonly name: string
  /** `no`: bytes pass; `may`: a body is held when the stage asks for it; `yes`: it is held, within max_body_bytes. */
  readonly holdsBody: 'no' | 'may' | 'yes'
  readonly note?: string
}

/** One endpoint's compiled pipe, outermost stage first. */
export interface PipeDescription {
  readonly method: string
  readonly path: string
  readonly pipe: 'passthrough' | 'aggregate'
  /** No message objects: raw fields and bytes go from socket to socket. */
  readonly direct: boolean
  readonly stages: readonly PipeStage[]
  readonly backends: readonly { readonly method: string; readonly target: string; readonly stages: readonly PipeStage[] }[]
}

/** Names of plugins and components per place, outermost first. */
export interface PlacedStages {
  readonly name: string
  readonly needs: 'head' | 'stream' | 'body' | 'data' | undefined
}

const HOLDS = { head: 'no', stream: 'no', body: 'yes', data: 'yes' } as const

function placed(stages: readonly PlacedStages[]): PipeStage[] {
  return stages.map(({ name, needs }) => ({ name, holdsBody: needs === undefined ? 'may' : HOLDS[needs] }))
}

/** Describes one endpoint from its configuration and the stages that stand in its places. */
export function describePipe(
  endpoint: EndpointConfig,
  direct: boolean,
  own: readonly PlacedStages[],
  backendStages: (backend: BackendConfig) => readonly PlacedStages[]
): PipeDescription {
  const noOp = endpoint.outputEncoding === 'no-op'
  const many = endpoint.backends.length > 1 || endpoint.concurrentCalls > 1
  const stages: PipeStage[] = [{ name: `timeout ${endpoint.timeoutMs} ms`, holdsBody: 'no' }, ...placed(own)]
  const { proxy } = endpoint
  if (many || endpoint.backends.some(backend => backend.httpClient.sendBodyOnRedirect)) {
    stages.push({ name: 'request body', holdsBody: 'yes', note: 'sent more than once' })
  }
  if (endpoint.backends.some(backend => backend.proxy.shadow))
    stages.push({ name: 'shadow', holdsBody: 'yes', note: 'the request body is copied' })
  if (proxy.static !== undefined && !noOp) stages.push({ name: `static (${proxy.static.strategy})`, holdsBody: 'no' })
  if (endpoint.backends.length > 1) {
    if (proxy.flatmapFilter.length > 0) stages.push({ name: 'flatmap_filter', holdsBody: 'yes' })
    stages.push({ name: proxy.sequential ? 'merge (sequential)' : 'merge (parallel)', holdsBody: 'yes' })
  }
  if (endpoint.concurrentCalls > 1) stages.push({ name: `concurrent_calls ${endpoint.concurrentCalls}`, holdsBody: 'yes' })
  if (!noOp) stages.push({ name: `render ${endpoint.outputEncoding}`, holdsBody: 'yes' })
  return {
    method: endpoint.method,
    path: endpoint.path,
    pipe: noOp ? 'passthrough' : 'aggregate',
    direct,
    stages,
    backends: endpoint.backends.map(backend => ({
      method: backend.method,
      target: `${backend.hosts.join(' | ') || backend.sd}${backend.urlPattern}`,
      stages: [...placed(backendStages(backend)), ...backendSteps(endpoint, backend, noOp)]
    }))
  }
}

function backendSteps(endpoint: EndpointConfig, backend: BackendConfig, noOp: boolean): PipeStage[] {
  if (noOp) return [{ name: 'bytes', holdsBody: 'no', note: 'socket to socket' }]
  const shaped =
    backend.target !== '' || backend.group !== '' || backend.allow.length + backend.deny.length + backend.mapping.length > 0
  const stages: PipeStage[] = []
  if (shaped || backend.proxy.flatmapFilter.length > 0)
    stages.push({ name: 'shape', holdsBody: 'yes', note: 'only the keys it touches are decoded' })
  const streams = endpoint.backends.length === 1 && backend.encoding === 'json' && (shaped || backend.isCollection)
  stages.push({
    name: `decode ${backend.encoding}`,
    holdsBody: 'yes',
    note: `up to ${endpoint.maxBodyBytes} bytes${streams ? '; larger bodies are shaped while they flow' : ''}`
  })
  return stages
}

/** Formats descriptions for a terminal. */
export function formatPipes(pipes: readonly PipeDescription[]): string {
  const lines: string[] = []
  for (const pipe of pipes) {
    lines.push(`${pipe.method} ${pipe.path}  ${pipe.pipe}${pipe.direct ? ' (direct: no stage, no message objects)' : ''}`)
    for (const stage of pipe.stages) lines.push(`  ${formatStage(stage)}`)
    for (const backend of pipe.backends) {
      lines.push(`  -> ${backend.method} ${backend.target}`)
      for (const stage of backend.stages) lines.push(`     ${formatStage(stage)}`)
    }
  }
  return lines.join('\n')
}

function formatStage(stage: PipeStage): string {
  const holds = stage.holdsBody === 'no' ? '' : stage.holdsBody === 'yes' ? '  [holds the body]' : '  [may hold the body]'
  return `${stage.name}${holds}${stage.note === undefined ? '' : `  ${stage.note}`}`
}
