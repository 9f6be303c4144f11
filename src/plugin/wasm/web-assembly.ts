/** Node's WebAssembly with types: the libraries that this project is compiled with have none. */

export interface WasmModule {
  readonly [MODULE]: true
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>
}

export interface WasmMemory {
  /** Another one after each growth; the old one is empty then. */
  readonly buffer: ArrayBuffer
  /** Adds pages of 64 KiB. @throws RangeError beyond the maximum */
  grow(pages: number): number
}

export interface WasmGlobal {
  value: number | bigint
}

/** Functions and values by the name of the module and their own. */
export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>

declare const MODULE: unique symbol

interface WasmApi {
  compile(bytes: Uint8Array): Promise<WasmModule>
  instantiate(module: WasmModule, imports: WasmImports): Promise<WasmInstance>
  readonly Module: {
    new (bytes: Uint8Array): WasmModule
    imports(module: WasmModule): { readonly module: string; readonly name: string; readonly kind: string }[]
    exports(module: WasmModule): { readonly name: string; readonly kind: string }[]
    customSections(module: WasmModule, name: string): ArrayBuffer[]
  }
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance
  readonly Memory: new (limits: { initial: number; maximum?: number }) => WasmMemory
  readonly Global: new (type: { value: 'i32' | 'i64'; mutable: boolean }, value: number | bigint) => WasmGlobal
  /** What a trap throws. */
  readonly RuntimeError: new (
    message?: string
  ) => Error
}

export const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WasmApi }
