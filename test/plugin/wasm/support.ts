/** Gateways with WebAssembly plugins, for the tests of this folder. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import type { PluginModule } from '../../../src/plugin/index.js'
import { type OpenGateway, openGateway } from '../../support/open-gateway.js'
import { configAt, type Level, type PlacedAt } from '../support.js'

/** Writes files into a folder that goes with the test. */
export async function folderWith(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-wasm-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content)
  return folder
}

export interface GuestsAt extends Partial<PlacedAt> {
  readonly level?: Level
  /** More keys of the root key `plugin`. */
  readonly plugin?: object
  readonly modules?: readonly PluginModule[]
  readonly options?: object
}

/** Opens a gateway whose plugin folder holds `files`; the names of files are those of the guests. */
export async function openGuests(
  t: TestContext,
  upstream: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  at: GuestsAt = {}
): Promise<OpenGateway> {
  const folder = await folderWith(t, files)
  const names = at.names ?? Object.keys(files).map(name => name.replace(/(\.so)?\.\w+$/, ''))
  const config = configAt(upstream, { level: 'endpoint', ...at, names })
  const plugin = { folder, pattern: '', ...at.plugin }
  return openGateway(t, { ...config, plugin }, { plugins: at.modules ?? [], ...at.options })
}
