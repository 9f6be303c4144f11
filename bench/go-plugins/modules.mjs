/** The plugins that are measured: the Go source under several names, compiled for Sluice and for KrakenD, and the same in JavaScript. */
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

/**
 * Writes the source under `count` names into `folder`; number N registers `stamp-N`, `rewrite-N`, `end-N` and `copy-N`. Returns the folders.
 * Each is a Go module of its own name: a process loads a .so once for each.
 */
export function writeSources(count, folder) {
  return Array.from({ length: count }, (_, i) => {
    const place = path.join(folder, `stamp-${i + 1}`)
    cpSync(SOURCE, place, { recursive: true })
    edit(path.join(place, 'main.go'), text => text.replaceAll(/"(stamp|rewrite|end|copy)-1"/g, `"$1-${i + 1}"`))
    edit(path.join(place, 'go.mod'), text => text.replace('module stamp', `module stamp-${i + 1}`))
    return place
  })
}

function edit(file, change) {
  writeFileSync(file, change(readFileSync(file, 'utf8')))
}

/** Compiles sources into `folder`. Returns Go's version. */
export function buildModules(sources, folder) {
  const go = findGo()
  mkdirSync(folder, { recursive: true })
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [sluiceCli, 'plugin', 'build', ...sources, '--out', `${folder}/`, '--go', go],
    { encoding: 'utf8' }
  )
  if (status !== 0) throw new Error(`${stdout}${stderr}`)
  return spawnSync(go, ['env', 'GOVERSION'], { encoding: 'utf8' }).stdout.trim()
}

/**
 * Compiles sources as KrakenD loads them, into `folder`. KrakenD takes what was compiled by its own Go, with its own flags alone:
 * `BENCH_KRAKEND_FLAGS` names those, such as `-trimpath`.
 */
export function buildShared(sources, folder) {
  mkdirSync(folder, { recursive: true })
  const flags = (process.env.BENCH_KRAKEND_FLAGS ?? '').split(' ').filter(flag => flag !== '')
  for (const source of sources) {
    const file = path.join(folder, `${path.basename(source)}.so`)
    const { status, stderr } = spawnSync(findGo(), ['build', '-buildmode=plugin', ...flags, '-o', file, '.'], {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: '1' },
      encoding: 'utf8'
    })
    if (status !== 0) throw new Error(`go build -buildmode=plugin: ${stderr}`)
  }
}

/** Returns a folder with the first `count` of the files alone. */
export function firstModules(count, folder, ending = '.so.wasm') {
  const place = path.join(folder, `first-${count}`)
  mkdirSync(place)
  for (let i = 1; i <= count; i++) linkSync(path.join(folder, `stamp-${i}${ending}`), path.join(place, `stamp-${i}${ending}`))
  return place
}

const SCRIPT = `export const HandlerRegisterer = {
  registerHandlers: register => {
    register('stamp-js', (_context, _extra, next) => async request => {
      request.headers.set('X-Sent-By', 'stamp-js')
      const response = await next(request)
      response.headers.set('X-Served-By', 'stamp-js')
      return response
    })
    register('rewrite-js', (_context, _extra, next) => async request => {
      const response = await next(request)
      await response.body.editJson(data => {
        data.name = 'rewrite-js'
      })
      return response
    })
  }
}
`

/** Writes the same in JavaScript into `folder`, as `stamp-js` and `rewrite-js`. */
export function writeScript(folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'stamp.mjs'), SCRIPT)
}
