/** `sluice openapi export` and `sluice openapi import`. */

import { stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { readConfigFile } from '../config/load.js'
import { formatOf } from '../config/source/config-format.js'
import { ConfigError } from '../errors.js'
import { exportOpenApi } from '../openapi/export/export.js'
import { loadComponents } from '../plugin/load/shipped.js'
import { type Arguments, suggestion, UsageError } from './arguments.js'
import type { Terminal } from './terminal.js'

/** Runs what the first operand names and returns the exit code. */
export async function openapi(args: Arguments, terminal: Terminal): Promise<number> {
  const [what = '', ...files] = args.operands
  if (what === 'export') return exportFrom(args, files, terminal)
  if (what === 'import') return importFrom(args, files, terminal)
  const hint = suggestion(what, ['export', 'import'])
  throw new UsageError(`export or import is expected, not ${JSON.stringify(what)}${hint}`, 'openapi')
}

async function exportFrom(args: Arguments, files: readonly string[], terminal: Terminal): Promise<number> {
  if (files.length > 0) throw new UsageError(`give the configuration with --config ${files[0]}`, 'openapi')
  refuse(args, ['host', 'jwk-url'], 'export')
  const file = args.configFile()
  const audience = listIn(args.text('audience'))
  const server = args.text('server')
  try {
    const { namespaces } = await loadComponents()
    const loaded = await readConfigFile(file, { namespaces, env: process.env, tolerant: args.has('tolerant') })
    const { document, problems } = exportOpenApi(loaded.conclude(), {
      ...(audience.length === 0 ? {} : { audience }),
      servers: server === undefined ? [] : [server]
    })
    terminal.problems(problems)
    await put(document, args.text('out'), terminal)
    return 0
  } catch (error) {
    terminal.failure(error, 'exporting the configuration')
    return 1
  }
}

async function importFrom(args: Arguments, [file, ...rest]: readonly string[], terminal: Terminal): Promise<number> {
  if (file === undefined || rest.length > 0) throw new UsageError('give one document: sluice openapi import FILE', 'openapi')
  refuse(args, ['config', 'audience', 'server', 'tolerant'], 'import')
  const out = args.text('out')
  const host = args.text('host')
  const jwkUrl = args.text('jwk-url')
  try {
    await showReading(file, terminal)
    const { importOpenApi } = await import('../openapi/import/import.js')
    const { config, notes } = await importOpenApi(file, {
      ...(host === undefined ? {} : { host }),
      ...(jwkUrl === undefined ? {} : { jwkUrl })
    })
    terminal.problems(notes, 'sluice openapi import')
    await put(config, out, terminal)
    terminal.note(
      `${config.endpoints.length} endpoints, ${notes.length} places to look at; now run \`sluice check -c ${out ?? 'FILE'}\``
    )
    return 0
  } catch (error) {
    if (error instanceof ConfigError) {
      terminal.error('ERROR in the document:')
      terminal.problems(error.problems)
    } else terminal.failure(error, 'importing the document')
    return 1
  }
}

/** Large documents take seconds, YAML most of all; what reads them gives no sign in between. */
async function showReading(file: string, terminal: Terminal): Promise<void> {
  if (!terminal.showsProgress) return
  const bytes = await stat(file).then(
    found => found.size,
    () => 0
  )
  if (bytes < SHOWN_FROM) return
  const slowness = formatOf(file) === 'yaml' ? ', which takes longer than JSON' : ''
  terminal.status(`reading ${path.basename(file)}, ${(bytes / 2 ** 20).toFixed(1)} MiB${slowness}  (Ctrl-C stops)`)
}

/** bytes of a document whose reading is shown. */
const SHOWN_FROM = 256 * 1024

/** A flag of the other direction does nothing. */
function refuse(args: Arguments, flags: readonly string[], what: string): void {
  const given = flags.find(flag => args.has(flag))
  if (given !== undefined) throw new UsageError(`--${given} does nothing for \`sluice openapi ${what}\``, 'openapi')
}

async function put(value: object, out: string | undefined, terminal: Terminal): Promise<void> {
  if (out === undefined) terminal.print(JSON.stringify(value, null, 2))
  else if (formatOf(out) === 'yaml') {
    const yaml = await import('yaml')
    await writeFile(out, yaml.stringify(value, { aliasDuplicateObjects: false }))
  } else await writeFile(out, `${JSON.stringify(value, null, 2)}\n`)
}

function listIn(text = ''): string[] {
  return text
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== '')
}
