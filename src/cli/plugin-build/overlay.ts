/**
 * What the compiler sees beside the author's files and in place of some of Go's: `go build -overlay`. Nothing is written into the
 * author's folder or into Go's.
 */

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { REGISTERERS, type Registerer } from './go-symbols.js'
import { BuildFault, type Toolchain } from './toolchain.js'

/** The gateway's Go files: `src/plugin/wasm/go`, or `dist/plugin/wasm/go`. */
const OWN = fileURLToPath(new URL('../../plugin/wasm/go/', import.meta.url))

/** Folders of {@link OWN}, and the packages of Go that they are added to. */
const ADDED: readonly (readonly [folder: string, package_: string])[] = [
  ['http', 'net/http'],
  ['net', 'net'],
  ['js', 'syscall/js'],
  ['x509', 'crypto/x509'],
  ['runtime', 'runtime'],
  ['goroutine', 'runtime']
]

/** The file that is added to the author's package. */
export interface AddedFile {
  readonly name: string
  /** What it calls `net/http`. */
  readonly alias: string
}

/**
 * Returns names that the author's package does not have: of the last file, so that its `init` functions run first, and of an import.
 * @param files names in the author's folder
 * @param texts what the compiled ones say
 */
export function addedFile(files: readonly string[], texts: readonly string[]): AddedFile {
  const last =
    files
      .filter(file => file.endsWith('.go'))
      .sort()
      .at(-1) ?? ''
  let name = 'zzzzzz_sluice.go'
  while (name <= last) name = `z${name}`
  let alias = 'sluicehttp'
  for (let n = 1; texts.some(text => text.includes(alias)); n++) alias = `sluicehttp_${n}`
  return { name, alias }
}

/** Code that is inserted into a copy of one of Go's files, behind the first line of a function. */
interface Insertion {
  readonly file: string
  readonly after: RegExp
  readonly code: string
  /** Without it the plugin would not work: a Go that has no such line is refused. Others are left out. */
  readonly needed?: true
  /** Of {@link ADDED}: where a Go lacks one line of them, the folder and all its insertions are left out together. */
  readonly folder?: string
}

const refuse = (op: string, error: string, value = 'nil, '): string => `return ${value}sluiceRefused("${op}", network, ${error})`

const INSERTIONS: readonly Insertion[] = [
  {
    file: 'syscall/js/func.go',
    after: /^func handleEvent\(\) bool \{$/m,
    code: 'if SluiceEvent != nil && SluiceEvent() {\n\t\treturn true\n\t}',
    needed: true
  },
  {
    file: 'net/dial.go',
    after: /^func \(d \*Dialer\) DialContext\(ctx context\.Context, network, address string\) \(Conn, error\) \{$/m,
    code: 'if SluiceDial != nil {\n\t\treturn d.sluiceDial(ctx, network, address)\n\t}',
    needed: true
  },
  { file: 'net/dial.go', after: /^func \(lc \*ListenConfig\) Listen\(ctx .*\{$/m, code: refuse('listen', 'errSluiceListen') },
  {
    file: 'net/dial.go',
    after: /^func \(lc \*ListenConfig\) ListenPacket\(ctx .*\{$/m,
    code: refuse('listen', 'errSluiceNetwork')
  },
  { file: 'net/tcpsock.go', after: /^func DialTCP\(network .*\{$/m, code: refuse('dial', 'errSluiceTCPConn') },
  { file: 'net/tcpsock.go', after: /^func ListenTCP\(network .*\{$/m, code: refuse('listen', 'errSluiceListen') },
  { file: 'net/udpsock.go', after: /^func DialUDP\(network .*\{$/m, code: refuse('dial', 'errSluiceNetwork') },
  { file: 'net/udpsock.go', after: /^func ListenUDP\(network .*\{$/m, code: refuse('listen', 'errSluiceNetwork') },
  { file: 'net/unixsock.go', after: /^func DialUnix\(network .*\{$/m, code: refuse('dial', 'errSluiceNetwork') },
  { file: 'net/unixsock.go', after: /^func ListenUnix\(network .*\{$/m, code: refuse('listen', 'errSluiceListen') },
  {
    file: 'os/exec/lp_wasm.go',
    after: /^func [lL]ookPath\(file string\) \(string, error\) \{$/m,
    code: 'return "", &Error{file, errors.New("a Go plugin in Sluice cannot start processes")}'
  },
  {
    file: 'os/exec/exec.go',
    after: /^func \(c \*Cmd\) Start\(\) error \{$/m,
    code: 'if c.Err == nil {\n\t\treturn errors.New("exec: a Go plugin in Sluice cannot start processes")\n\t}'
  },
  {
    file: 'crypto/x509/root_unix.go',
    after: /^func loadSystemRoots\(\) \(\*CertPool, error\) \{$/m,
    code: 'if roots := sluiceRoots(); roots != nil {\n\t\treturn roots, nil\n\t}',
    folder: 'x509'
  },
  {
    file: 'runtime/metrics.go',
    after: /^func godebug_registerMetric\(name string, read func\(\) uint64\) \{$/m,
    code: 'if sluiceLater(name, read) {\n\t\treturn\n\t}',
    folder: 'runtime'
  },
  { file: 'runtime/metrics.go', after: /^func readMetrics\(.*\{$/m, code: 'sluiceReadMetrics()', folder: 'runtime' },
  // compares the addresses of all functions, which the linker has just sorted
  { file: 'runtime/symtab.go', after: /^func moduledataverify1\(datap \*moduledata\) \{$/m, code: 'if true {\n\t\treturn\n\t}' },
  {
    file: 'plugin/plugin_stubs.go',
    after: /^func open\(name string\) \(\*Plugin, error\) \{$/m,
    code: 'return nil, errors.New("plugin: a Go plugin in Sluice cannot open others")'
  }
]

export interface OverlayOptions {
  readonly toolchain: Toolchain
  /** The author's, absolute. */
  readonly folder: string
  readonly registerers: readonly Registerer[]
  readonly hasMain: boolean
  readonly added: AddedFile
  /** Where copies and the list are written. */
  readonly work: string
}

/** Writes the overlay and returns the file that lists it. @throws BuildFault for a Go whose files are others */
export async function writeOverlay(options: OverlayOptions): Promise<string> {
  const { toolchain, folder, work, added } = options
  const source = path.join(toolchain.root, 'src')
  const replaced: Record<string, string> = {}
  const { files, left } = await insertAll(toolchain)
  for (const [from, to] of ADDED) {
    if (left.has(from)) continue
    for (const name of await readdir(path.join(OWN, from))) {
      if (name.endsWith('.go')) replaced[path.join(source, to, name)] = path.join(OWN, from, name)
    }
  }
  for (const [file, text] of files) {
    const copy = path.join(work, 'go', file)
    await mkdir(path.dirname(copy), { recursive: true })
    await writeFile(copy, text)
    replaced[path.join(source, file)] = copy
  }
  const last = path.join(work, added.name)
  await writeFile(last, lastFile(options))
  replaced[path.join(folder, added.name)] = last
  const list = path.join(work, 'overlay.json')
  await writeFile(list, JSON.stringify({ Replace: replaced }))
  return list
}

/** The changed files of a Go, and the folders of {@link ADDED} that do not fit it. */
async function insertAll({ root, version }: Toolchain): Promise<{ files: Map<string, string>; left: Set<string> }> {
  const texts = new Map<string, string>()
  const left = new Set<string>()
  for (const { file, after, needed, folder } of INSERTIONS) {
    const text = texts.get(file) ?? (await readFile(path.join(root, 'src', file), 'utf8').catch(() => ''))
    texts.set(file, text)
    if (after.test(text)) continue
    if (needed === true) throw new BuildFault(text === '' ? noSources(root, file) : unknownGo(version, file))
    if (folder !== undefined) left.add(folder)
  }
  const files = new Map<string, string>()
  for (const { file, after, code, folder } of INSERTIONS) {
    const text = files.get(file) ?? texts.get(file)!
    if ((folder !== undefined && left.has(folder)) || !after.test(text)) continue
    files.set(
      file,
      text.replace(after, line => `${line}\n\t${code}\n`)
    )
  }
  return { files, left }
}

function noSources(root: string, file: string): string {
  return `there is no ${path.join(root, 'src', file)}: the sources of Go's library are needed; GOROOT must name a whole Go`
}

function unknownGo(version: string, file: string): string {
  return `${version} has another ${file} than this Sluice knows: use an older Go (GOTOOLCHAIN=go1.26.8), or a newer Sluice`
}

/** The one file that is added to the author's package. The addresses are passed, as plugin.Lookup does: methods of pointers count. */
function lastFile({ registerers, hasMain, added: { alias } }: OverlayOptions): string {
  const given = REGISTERERS.map(name => (registerers.includes(name) ? `&${name}` : 'nil')).join(', ')
  const main = hasMain ? '' : '\nfunc main() {}\n'
  return `//go:build js && wasm

package main

import ${alias} "net/http"
${main}
func init() { ${alias}.SluicePlugin(${given}) }
`
}
