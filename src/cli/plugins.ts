/** `sluice plugin new` and `build`, `sluice test-plugin`, `sluice check-plugin`. */

import { readFile } from 'node:fs/promises'
import { ConfigError, messageOf } from '../errors.js'
import type { InspectedPlugin, InspectedSymbol } from '../plugin/load/inspect.js'
import { API_VERSION } from '../plugin/load/registry.js'
import type { PluginModule } from '../plugin/types.js'
import { shortDuration } from '../telemetry/go-duration.js'
import { type Arguments, suggestion, UsageError } from './arguments.js'
import { openGuestServices } from './guest-services.js'
import { Progress } from './progress.js'
import type { Terminal } from './terminal.js'

/** KrakenD's words and order. */
const TYPES = [
  { flag: 'server', kind: 'handler', word: 'SERVER', symbol: 'HandlerRegisterer' },
  { flag: 'modifier', kind: 'modifier', word: 'MODIFIER', symbol: 'ModifierRegisterer' },
  { flag: 'client', kind: 'client', word: 'CLIENT', symbol: 'ClientRegisterer' }
] as const

/**
 * Loads plugins and lets them register. Without `-s`, `-c`, `-m` whatever a file has is tested; with them it must have those.
 * With `--aborts` each name runs in a gateway too, and its exchanges are broken off.
 * Returns 0 when all is well, 1 otherwise.
 */
export async function testPlugins(args: Arguments, terminal: Terminal): Promise<number> {
  const reports = await inspectAll(args, terminal)
  const started = performance.now()
  const asked = TYPES.filter(type => args.has(type.flag))
  const options = args.has('aborts') ? await optionsIn(args.text('options')) : undefined
  let failed = 0
  const progress = new Progress(terminal, options === undefined ? 0 : reports.length, { showsSingle: true })
  for (const report of reports) {
    await progress.step(`breaking exchanges of ${report.file} off`)
    const good = tested(report, asked, terminal)
    if (!good || (options !== undefined && !(await brokenOff(report, asked, options, terminal)))) failed++
  }
  progress.end()
  const took = shortDuration(performance.now() - started)
  const summary = `${reports.length} tested plugin(s) in ${took}`
  if (failed === 0) {
    terminal.success(`[OK] ${summary}`)
    return 0
  }
  terminal.error(`[KO] ${summary}.\n${failed} plugin(s) failed.`)
  return 1
}

/** Plugin options by name. @throws UsageError for a file that holds none */
async function optionsIn(file: string | undefined): Promise<Readonly<Record<string, object>>> {
  if (file === undefined) return {}
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, object>
  } catch (error) {
    throw new UsageError(`--options ${file}: ${messageOf(error)}`, 'test-plugin')
  }
  throw new UsageError(`--options ${file}: an object is expected, {"name": {…}}`, 'test-plugin')
}

/** The upstream's response: long enough to be cut, and a JSON object. */
const ANSWER = { message: 'hello', items: Array.from({ length: 50 }, (_, id) => ({ id, name: `item ${id}`, price: 1.1 })) }

/** Breaks exchanges of each name off, without and with a body. */
async function brokenOff(
  { file, path, symbols }: InspectedPlugin,
  asked: readonly (typeof TYPES)[number][],
  options: Readonly<Record<string, object>>,
  terminal: Terminal
): Promise<boolean> {
  const { testPlugin } = await import('../plugin/testing/test-plugin.js')
  const { importPlugin } = await import('../plugin/load/import-plugin.js')
  const services = openGuestServices()
  const module = (await importPlugin(path, services)) as PluginModule
  let good = true
  const hint = (name: string, error: unknown): string =>
    error instanceof ConfigError && !Object.hasOwn(options, name) ? ` (give options by --options FILE: {"${name}": {…}})` : ''
  for (const { kind, names } of symbols) {
    if (asked.length > 0 && !asked.some(type => type.kind === kind)) continue
    for (const name of names) {
      const own = Object.hasOwn(options, name) ? { options: options[name]! } : {}
      try {
        for (const body of [undefined, JSON.stringify(ANSWER)]) {
          const method = body === undefined ? 'GET' : 'POST'
          const plugin = await testPlugin(module, { kind, name, method, upstream: { body: ANSWER }, ...own })
          const headers = { 'Content-Type': 'application/json' }
          // a plugin that refuses sends a response like any other; its exchanges are broken off too
          await plugin.request(body === undefined ? {} : { headers, body }).catch(() => {})
          await plugin.close()
        }
        terminal.success(`[OK] ABORTS\t${file}: ${name} (${kind})`)
      } catch (error) {
        good = false
        const reason = messageOf(error)
        terminal.error(`[KO] ABORTS\t${file}: ${name} (${kind}): ${reason}${hint(name, error)}`)
      }
    }
  }
  await services.close()
  return good
}

function tested(report: InspectedPlugin, asked: readonly (typeof TYPES)[number][], terminal: Terminal): boolean {
  if (report.fault !== undefined) {
    terminal.error(`[KO] ${report.fault.startsWith('Unable to open') ? '' : `${report.file}: `}${report.fault}`)
    return false
  }
  if (!report.compatible) {
    terminal.error(`[KO] ${report.file}: ${versionFault(report)}`)
    return false
  }
  const types = asked.length > 0 ? asked : TYPES.filter(type => report.symbols.some(symbol => symbol.kind === type.kind))
  if (types.length === 0) {
    terminal.error(`[KO] ${report.file}: The plugin contains none of ${TYPES.map(type => type.symbol).join(', ')}.`)
    return false
  }
  let good = true
  for (const type of types) {
    const symbol = report.symbols.find(one => one.kind === type.kind)
    const fault = symbol === undefined ? `The plugin does not contain a ${type.symbol}.` : symbol.fault
    if (fault === undefined) terminal.success(`[OK] ${type.word}\t${report.file}: ${symbol!.names.join(', ')}`)
    else terminal.error(`[KO] ${type.word}\t${report.file}: ${fault}`)
    good = good && fault === undefined
  }
  return good
}

/** Says which symbols, names and interface version plugins have. Returns 0 when this gateway can run all of them. */
export async function checkPlugins(args: Arguments, terminal: Terminal): Promise<number> {
  let incompatible = 0
  for (const report of await inspectAll(args, terminal)) {
    terminal.print(report.file)
    if (report.fault !== undefined) terminal.error(`\t${report.fault}`)
    else {
      for (const line of report.about) terminal.print(`\t${line}`)
      terminal.print(`\tinterface version: ${report.apiVersion ?? `not declared, ${API_VERSION} is assumed`}`)
      for (const symbol of report.symbols) describe(symbol, terminal)
      if (!report.compatible) terminal.error(`\t${versionFault(report)}`)
      if (report.symbols.length === 0) terminal.error(`\texports none of ${TYPES.map(type => type.symbol).join(', ')}`)
    }
    const good = report.fault === undefined && report.compatible && report.symbols.length > 0
    if (!good || report.symbols.some(symbol => symbol.fault !== undefined)) incompatible++
  }
  if (incompatible === 0) {
    terminal.success('No incompatibilities found!')
    return 0
  }
  terminal.error(`${incompatible} incompatible plugin(s) found`)
  return 1
}

function describe(symbol: InspectedSymbol, terminal: Terminal): void {
  if (symbol.fault === undefined) terminal.print(`\t${symbol.symbol}: ${symbol.names.join(', ')}`)
  else terminal.error(`\t${symbol.symbol}: ${symbol.fault}`)
}

function versionFault(report: InspectedPlugin): string {
  return `made for version ${String(report.apiVersion)} of the plugin interface, this gateway has version ${API_VERSION}`
}

async function inspectAll(args: Arguments, terminal: Terminal): Promise<InspectedPlugin[]> {
  if (args.operands.length === 0) throw new UsageError('At least one plugin is required.', args.command.name)
  const { inspectPlugin } = await import('../plugin/load/inspect.js')
  const services = openGuestServices()
  try {
    const reports: InspectedPlugin[] = []
    const progress = new Progress(terminal, args.operands.length)
    for (const file of args.operands) {
      await progress.step(`loading ${file}`)
      reports.push(await inspectPlugin(file, services))
    }
    progress.end()
    return reports
  } finally {
    await services.close()
  }
}

/** Creates a plugin with a test that passes, or builds plugins of Go. */
export async function pluginCommand(args: Arguments, terminal: Terminal): Promise<number> {
  const [verb, name, ...rest] = args.operands
  if (verb === 'build') return (await import('./plugin-build/build.js')).buildPlugins(args, terminal)
  if (verb !== 'new') {
    const known = 'plugin new NAME --kind handler|client|modifier, plugin build DIR…'
    if (verb === undefined) throw new UsageError(`an action is expected: ${known}`, 'plugin')
    const meant = suggestion(verb, ['new', 'build'])
    throw new UsageError(`unknown action ${JSON.stringify(verb)}${meant === '' ? `: ${known}` : meant}`, 'plugin')
  }
  if (name === undefined || rest.length > 0) throw new UsageError('one name is expected: plugin new NAME', 'plugin')
  const kind = args.text('kind') ?? 'handler'
  const { isPluginKind, scaffoldPlugin } = await import('./scaffold.js')
  if (!isPluginKind(kind)) throw new UsageError(`unknown kind ${JSON.stringify(kind)}: handler, client or modifier`, 'plugin')
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name))
    throw new UsageError(`${JSON.stringify(name)} is no name for a plugin: letters, digits, \`-\`, \`_\` and \`.\``, 'plugin')
  try {
    const files = await scaffoldPlugin(name, kind, args.has('ts'))
    for (const file of files) terminal.print(`created ${file}`)
    terminal.print(`\nNext: cd ${name} && npm install && npm test`)
    return 0
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    terminal.failure(exists ? `${name} exists already: choose another name, or remove it` : error, 'creating the plugin')
    return 1
  }
}
