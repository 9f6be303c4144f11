/** What the commands need of the gateway; `src/index.ts`, `src/config/lint.ts` and `src/demo.ts` provide it. */

import type { Writable } from 'node:stream'
import type { ServiceConfig } from '../config/types.js'
import type { ConfigProblem } from '../errors.js'
import type { PipeFormat } from '../pipe/formats.js'
import type { GatewayLogger, LogFilter } from '../telemetry/logger.js'

export interface GatewaySettings {
  readonly tolerant?: boolean
  /** Replaces the configured port; 0: the system chooses. */
  readonly port?: number
  readonly debug?: boolean
  /** Where log lines go, whatever the configuration has. */
  readonly logOutput?: Writable
  /** Chooses the lines that go there; then there is no access log. */
  readonly logFilter?: LogFilter
  /** Replaces the logger that the configuration asks for. */
  readonly logger?: GatewayLogger
}

export interface RunnableGateway {
  readonly config: ServiceConfig
  readonly logger: GatewayLogger
  listen(): Promise<{ readonly port: number; readonly admin?: { readonly address: string; readonly port: number } }>
  /** Lets what is in flight finish within `max_shutdown_wait_time`; returns false when exchanges had to be cut. */
  close(options?: { delayMs?: number; lastRequestMs?: number }): Promise<boolean>
  /** Takes the configuration over again. @throws ConfigError, and nothing has changed */
  reload(): Promise<{ readonly summary: string; readonly staleCode: readonly string[] }>
  /** Files and folders that the configuration was made of. */
  readonly files: readonly string[]
  describePipes(format?: PipeFormat): string
}

export interface GatewayModule {
  createGateway(file: string, settings: GatewaySettings): Promise<RunnableGateway>
}

export interface LintModule {
  /** `schema`: a schema file other than the product's own. */
  lintConfig(file: string, options: { schema?: string }): Promise<readonly ConfigProblem[]>
}

/** Loads the gateway, which takes longer than printing a version does. */
export type LoadGateway = () => Promise<GatewayModule>

export type LoadLint = () => Promise<LintModule>

/** Serves the demonstration and returns its gateway, already listening. */
export type RunDemo = (options: { port?: number }) => Promise<RunnableGateway>
