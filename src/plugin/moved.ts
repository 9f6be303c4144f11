/** Names that `sluice/plugin` had once. They go on working; what they mean is loaded when they are called. */

import type { PluginModule } from './types.js'

/** @deprecated Import it from `sluice/plugin/testing`, which has its types too. */
export async function testPlugin(module: PluginModule, options: object = {}): Promise<unknown> {
  const kit = await import('./testing/index.js')
  return kit.testPlugin(module, options)
}
