// Compiles src/message/json/assembly/check.as to WebAssembly, and writes it as text to check-module.ts: `node scripts/assembly.mjs`. The compiler is fetched
// from npm when it is asked for; it is too large to stand among the packages of each installation.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const COMPILER = 'assemblyscript@0.28.20'
const folder = fileURLToPath(new URL('../src/message/json/assembly/', import.meta.url))
const source = path.join(folder, 'check.as')
const out = mkdtempSync(path.join(tmpdir(), 'assembly-'))
try {
  // the compiler takes names that end with .ts alone
  copyFileSync(source, path.join(out, 'check.ts'))
  const file = path.join(out, 'check.wasm')
  const flags = [
    '-O3',
    '--converge',
    '--noAssert',
    '--runtime',
    'stub',
    '--enable',
    'simd',
    '--use',
    'abort=',
    '--initialMemory',
    '2',
    '--memoryBase',
    '120000'
  ]
  const { status } = spawnSync('npx', ['--yes', '--package', COMPILER, 'asc', 'check.ts', '-o', file, ...flags], {
    cwd: out,
    stdio: 'inherit'
  })
  if (status !== 0) process.exit(status ?? 1)
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex')
  writeFileSync(
    path.join(folder, 'check-module.ts'),
    `/** Written by \`node scripts/assembly.mjs\` from check.as, whose SHA-256 is this. */
export const SOURCE_HASH = '${hash}'
/** The module, in base64. */
export const CHECK_MODULE =
  '${readFileSync(file).toString('base64')}'
`
  )
} finally {
  rmSync(out, { recursive: true })
}
