/** Commands in processes of their own: what they print, how they end. */

import assert from 'node:assert/strict'
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { LIMIT_MS, once, until } from '../support/waiting.js'

const ROOT = path.dirname(path.dirname(import.meta.dirname))

/** The arguments of Node that run the command from its source. */
export const CLI = ['--conditions=sluice-source', '--import', 'tsx', 'src/cli.ts']

/** A command under watch; it is killed with its test. */
export class Watched {
  /** All that it printed, on both outputs. */
  text = ''
  readonly child: ChildProcess
  /** Code and signal, when all that it printed has been read. */
  readonly exited: Promise<unknown[]>

  constructor(t: TestContext, args: readonly string[], options: SpawnOptions & { program?: string } = {}) {
    const { program = process.execPath, ...rest } = options
    this.child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...rest })
    this.exited = once(this.child, 'close', 2 * LIMIT_MS)
    this.child.stdout?.on('data', chunk => this.take(chunk))
    this.child.stderr!.on('data', chunk => this.take(chunk))
    t.after(() => this.child.kill('SIGKILL'))
  }

  private take(chunk: Buffer): void {
    this.text += chunk
  }

  /** Waits until it printed something; fails at once when it has ended without. */
  async until(pattern: RegExp): Promise<RegExpMatchArray> {
    return until(() => {
      const match = this.text.match(pattern)
      if (match === null && this.child.exitCode !== null) assert.fail(`ended early: ${this.text}`)
      return match
    }, `output like ${pattern}`)
  }
}

/** Writes files into a folder of the test's own; answers its path. */
export async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-cli-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), text)
  }
  return folder
}
