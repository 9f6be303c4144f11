/** A configuration without its findings: what is wrong with it is thrown. */

import { type LoadOptions, readConfigFile, readConfigObject } from '../../src/config/load.js'
import type { ServiceConfig } from '../../src/config/types.js'

/** @throws ConfigError with all findings */
export async function loadConfigFile(file: string, options: LoadOptions): Promise<ServiceConfig> {
  return (await readConfigFile(file, options)).conclude()
}

/** @throws ConfigError with all findings */
export function loadConfigObject(object: unknown, options: LoadOptions): ServiceConfig {
  return readConfigObject(object, options).conclude()
}
