/** The plugins that are measured: the Go source under several names, compiled, and the same header plugin in JavaScript. */
import { spawnSync } from 'node:child_process'
import { cpSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from '../peers/options.mjs'
import { sluiceCli } from '../peers/peers.mjs'
import { onPath } from '../peers/processes.mjs'

const SOURCE = path.join(import.meta.dirname, 'plugin')

function findGo() {
  const found = ['go', '/usr/local/go/bin/go'].find(onPath)
  if (found === undefined) throw new UsageError('there is no Go: https://go.dev/dl')
  return found
}

/** Compiles `count` modules into `folder`; number N registers `stamp-N` and `copy-N`. Returns Go's version. */
export function buildModules(count, folder) {
  const go = findGo()
  mkdirSync(folder, { recursive: true })
  const sources = Array.from({ length: count }, (_, i) => {
    const place = path.join(folder, 'sources', `stamp-${i + 1}`)
    cpSync(SOURCE, place, { recursive: true })
    const file = path.join(place, 'main.go')
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"(stamp|copy)-1"/g, `"$1-${i + 1}"`))
    return place
  })
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [sluiceCli, 'plugin', 'build', ...sources, '--out', folder, '--go', go],
    { encoding: 'utf8' }
  )
  if (status !== 0) throw new Error(`${stdout}${stderr}`)
  return spawnSync(go, ['env', 'GOVERSION'], { encoding: 'utf8' }).stdout.trim()
}

/** Returns a folder with the first `count` of the modules alone. */
export function firstModules(count, folder) {
  const place = path.join(folder, `first-${count}`)
  mkdirSync(place)
  for (let i = 1; i <= count; i++) linkSync(path.join(folder, `stamp-${i}.so.wasm`), path.join(place, `stamp-${i}.so.wasm`))
  return place
}

const SCRIPT = `export const HandlerRegisterer = {
  registerHandlers: register =>
    register('stamp-js', (_context, _extra, next) => async request => {
      request.headers.set('X-Sent-By', 'stamp-js')
      const response = await next(request)
      response.headers.set('X-Served-By', 'stamp-js')
      return response
    })
}
`

/** Writes the header plugin in JavaScript into `folder`, as `stamp-js`. */
export function writeScript(folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'stamp.mjs'), SCRIPT)
}
