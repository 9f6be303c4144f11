/** The programs beside Sluice are installed here when they are missing, not with Sluice. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))

/** @throws {Error} when npm cannot install them */
export function installPeers() {
  const { dependencies } = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8'))
  if (Object.keys(dependencies).every(name => existsSync(path.join(here, 'node_modules', name)))) return
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
  if (status !== 0) throw new Error(`npm ci in ${here} failed`)
}
