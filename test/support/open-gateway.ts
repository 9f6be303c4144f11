/** Opens gateways for tests: listening on a free port, log lines kept, closed with the test. */

import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import { createGateway } from '../../src/gateway.js'
import type { GatewayOptions } from '../../src/generation/gateway-options.js'
import type { Gateway } from '../../src/running-gateway.js'
import { until } from './waiting.js'

/** A log output that keeps its lines. */
export class KeptLines extends Writable {
  text = ''

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
  }

  get lines(): string[] {
    return this.text.split('\n').filter(line => line !== '')
  }

  /** Resolves with the first line that matches, now or later. */
  async line(pattern: RegExp): Promise<string> {
    const look = (): string | undefined => this.lines.find(line => pattern.test(line))
    return look() ?? until(look, `a log line like ${pattern}`).catch(error => assert.fail(`${error.message} in\n${this.text}`))
  }
}

/** A gateway that listens on 127.0.0.1. */
export interface OpenGateway {
  readonly gateway: Gateway
  readonly port: number
  readonly origin: string
  /** Log and access lines. */
  readonly log: KeptLines
}

type Owner = Pick<TestContext, 'after'>

/** Starts a gateway that is closed at the end of the test. `version`, the address and a generous `timeout` need not be in the configuration. */
export async function openGateway(owner: Owner, config: object, options: GatewayOptions = {}): Promise<OpenGateway> {
  const log = new KeptLines()
  const gateway = await createGateway(
    { version: 3, listen_ip: '127.0.0.1', timeout: '30s', ...config },
    { port: 0, env: {}, logOutput: log, ...options }
  )
  owner.after(() => gateway.close({ graceMs: 1 }))
  const { port } = await gateway.listen()
  return { gateway, port, origin: `http://127.0.0.1:${port}`, log }
}

/** Runs a function against a gateway and closes it afterwards, whatever happened. */
export async function withGateway<T>(
  config: object,
  use: (open: OpenGateway) => T | Promise<T>,
  options: GatewayOptions = {}
): Promise<T> {
  const ends: (() => unknown)[] = []
  try {
    return await use(await openGateway({ after: end => void ends.push(end as () => unknown) }, config, options))
  } finally {
    for (const end of ends) await end()
  }
}
