import path from 'node:path'
import type { ConfigInput } from '../config/input.js'
import { flexibleFolders } from '../config/source/flexible-folders.js'
import type { ClientTlsConfig, ServiceConfig } from '../config/types.js'

/**
 * Lists the files and folders that a configuration is made of: the file, the folders of its template, plugins, certificates towards backends.
 * Those of the listener are not among them: they are watched in any case.
 */
export function watchedFiles(input: string | ConfigInput, config: ServiceConfig, env: NodeJS.ProcessEnv): readonly string[] {
  const files: (string | undefined)[] = [config.plugin?.folder, ...pluginPaths(config), ...tlsFiles(config.transport.tls)]
  for (const { backends } of config.endpoints) for (const { httpClient } of backends) files.push(...tlsFiles(httpClient.tls))
  if (typeof input === 'string') {
    const folders = flexibleFolders(env)
    // without FC_PARTIALS partials are looked for in the working directory, which holds anything
    files.push(input, folders?.settings, folders?.templates, folders === undefined ? undefined : env.FC_PARTIALS)
  }
  return [...new Set(files.filter(file => file !== undefined && file !== ''))] as string[]
}

/** Plugins that are named by their paths, from the folder of the configuration. */
function pluginPaths({ plugin, source }: ServiceConfig): string[] {
  const paths = plugin?.modules.filter(name => /^(?:\.{0,2}\/|\.{1,2}$)/.test(name)) ?? []
  return paths.map(file => path.resolve(path.dirname(source), file))
}

function tlsFiles(tls: ClientTlsConfig | undefined): string[] {
  if (tls === undefined) return []
  return [...tls.caCerts, ...tls.clientCerts.flatMap(({ certificate, privateKey }) => [certificate, privateKey])]
}
