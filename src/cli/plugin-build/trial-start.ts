/** Starts what was built, to learn which names it registers. */

import type { GoKind } from '../../plugin/wasm/go-host/go-generation.js'
import { GoModule } from '../../plugin/wasm/go-host/go-module.js'
import { readProgram } from '../../plugin/wasm/go-host/go-sections.js'
import { compileRuntime } from '../../plugin/wasm/go-host/go-world.js'
import { compileGuest } from '../../plugin/wasm/guest-kind.js'
import { openGuestServices } from '../guest-services.js'

const SYMBOLS: Readonly<Record<GoKind, string>> = {
  handler: 'HandlerRegisterer',
  client: 'ClientRegisterer',
  modifier: 'ModifierRegisterer'
}

export interface Trial {
  readonly registered: readonly { readonly symbol: string; readonly names: readonly string[] }[]
  /** Registerers that KrakenD would not take. */
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/** Never throws: a plugin may want files or variables that the building machine does not have. */
export async function tryStart(file: string, bytes: Buffer): Promise<Trial> {
  const services = openGuestServices()
  try {
    const { module } = await compileGuest(bytes)
    const { exec } = readProgram(module, file)
    const go = new GoModule({ file, module, runtime: compileRuntime(exec, file), services })
    services.onClose(() => go.close())
    const { names, faults } = await go.start()
    const kinds = Object.keys(SYMBOLS) as GoKind[]
    const registered = kinds
      .filter(kind => names[kind].length > 0)
      .map(kind => ({ symbol: SYMBOLS[kind], names: names[kind].map(one => one.name) }))
    const warnings = registered.length === 0 && faults.size === 0 ? ['it registers no name'] : []
    return { registered, faults: [...faults.values()], warnings }
  } catch (error) {
    return { registered: [], faults: [], warnings: [`it does not start here: ${(error as Error).message}`] }
  } finally {
    await services.close()
  }
}
