// Compiles src/ to dist/ and plugins/ to dist/plugins/, with types; writes the manual page.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

// npm runs `prepare` for a linked package too, also for an installed one, which holds what was built and no sources.
if (!existsSync(path.join(root, 'src', 'cli.ts'))) process.exit(0)

const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
rmSync(path.join(root, 'dist'), { recursive: true, force: true })
for (const project of ['tsconfig.build.json', 'tsconfig.plugins.json']) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', path.join(root, project)], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
// what browsers get of the admin port, as it is
cpSync(path.join(root, 'src', 'admin', 'page'), path.join(root, 'dist', 'admin', 'page'), { recursive: true })
// data that components read at run time
cpSync(path.join(root, 'plugins'), path.join(root, 'dist', 'plugins'), {
  recursive: true,
  filter: source => statSync(source).isDirectory() || source.endsWith('.json')
})
// what `sluice plugin build` compiles into Go plugins
const goSources = path.join('plugin', 'wasm', 'go')
cpSync(path.join(root, 'src', goSources), path.join(root, 'dist', goSources), { recursive: true })
const cli = path.join(root, 'dist', 'cli.js')
if (existsSync(cli)) {
  chmodSync(cli, 0o755)
  const { status, stdout } = spawnSync(process.execPath, [cli, 'help', '--man'], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
  writeFileSync(path.join(root, 'dist', 'sluice.1'), stdout)
}
