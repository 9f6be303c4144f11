/** Tells from the imports of a WebAssembly module whether the gateway can run it, and as what. */

import { type WasmModule, WebAssembly } from './web-assembly.js'

/** `go`: a Go plugin of KrakenD that `sluice plugin build` compiled. `http-wasm`: a guest of the http-wasm ABI. */
export type GuestKind = 'go' | 'http-wasm'

/** A file that was read and compiled. */
export interface GuestFile {
  readonly file: string
  /** Without folder and extensions. */
  readonly name: string
  readonly bytes: Buffer
  readonly module: WasmModule
}

export interface CompiledGuest {
  readonly kind: GuestKind
  readonly module: WasmModule
}

/** The first bytes: `\0asm`, then 1 for a core module; a component has other four. */
const MAGIC = 0x0061736d
const CORE = 1

/** @throws Error for what is no module that the gateway can run; it says what to do */
export async function compileGuest(bytes: Uint8Array): Promise<CompiledGuest> {
  const module = await compile(bytes)
  const imports = new Set(WebAssembly.Module.imports(module).map(one => one.module))
  const exported = new Set(WebAssembly.Module.exports(module).map(one => one.name))
  if (imports.has('gojs')) return { kind: 'go', module }
  if (imports.has('http_handler') || exported.has('handle_request')) return { kind: 'http-wasm', module }
  throw new Error(refusal(imports, exported))
}

async function compile(bytes: Uint8Array): Promise<WasmModule> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 8 || view.getUint32(0) !== MAGIC)
    throw new Error('this is no WebAssembly module: its first bytes are not `\\0asm`')
  if (view.getUint32(4, true) !== CORE)
    throw new Error(
      `this is a WebAssembly component; ${WANTED}. TinyGo makes one with \`-target=wasip1\`, Rust with \`--target wasm32-wasip1\``
    )
  try {
    return await WebAssembly.compile(bytes)
  } catch (error) {
    throw new Error(`the WebAssembly module is broken, or needs a newer Node: ${(error as Error).message}`)
  }
}

const WANTED =
  'a plugin is a core module of the http-wasm ABI, or a Go plugin that `sluice plugin build` has compiled (docs/plugins.md)'

function refusal(imports: ReadonlySet<string>, exported: ReadonlySet<string>): string {
  if (imports.has('go'))
    return 'Go 1.20 or earlier has compiled this module; compile it with Go 1.21 or later: `sluice plugin build DIR`'
  if ([...exported].some(name => name.startsWith('proxy_'))) return `this is a proxy-wasm filter of Envoy, another ABI; ${WANTED}`
  const found = imports.size === 0 ? 'nothing' : [...imports].sort().join(', ')
  return `the WebAssembly module imports ${found} and exports no handle_request; ${WANTED}`
}
