/** Short ways to load configurations in tests. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import type { LoadOptions } from '../../src/config/load.js'
import type { BackendConfig, EndpointConfig, ServiceConfig } from '../../src/config/types.js'
import { ConfigError, type ConfigProblem } from '../../src/errors.js'
import { loadConfigObject } from '../support/load-config.js'

const HOST = ['http://upstream.test:8080']

export function load(object: object, options: Partial<LoadOptions> = {}): ServiceConfig {
  return loadConfigObject({ version: 3, host: HOST, ...object }, { namespaces: [], ...options })
}

export function loadEndpoint(endpoint: object, options: Partial<LoadOptions> = {}): EndpointConfig {
  return load({ endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/' }], ...endpoint }] }, options).endpoints[0]!
}

export function loadBackend(backend: object, endpoint: object = {}, options: Partial<LoadOptions> = {}): BackendConfig {
  return loadEndpoint({ ...endpoint, backend: [{ url_pattern: '/', ...backend }] }, options).backends[0]!
}

/** Runs a load that must fail and answers its findings. */
export function findingsOf(run: () => unknown): readonly ConfigProblem[] {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.problems
  }
  assert.fail('the configuration was accepted')
}

export function errorsOf(run: () => unknown): string[] {
  return findingsOf(run)
    .filter(problem => problem.level === 'error')
    .map(problem => `${problem.pointer}: ${problem.message}`)
}

/** Writes a file into a folder of its own, which is removed after the tests, and returns its path. */
export function configFile(name: string, text: string): string {
  return join(folderOf({ [name]: text }), name)
}

/** Writes files into a folder that is removed after the tests, and returns its path. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}
