/** Node's WebAssembly with types: the libraries that this project is compiled with have none. */

import { setFlagsFromString } from 'node:v8'

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

/** What a function runs, in bytes, until V8 optimises it: the default of V8 12 and later. */
const TIERING_BUDGET = 13_000_000

/**
 * Gives V8 11 (Node 20) the budget of later versions, for modules that are compiled from now on. Its own is a seventh of that: threads
 * then optimise what runs only at the start of a Go module, and five modules take 0.3 s of CPU more. Requests get warm as fast.
 */
export function spareTheStart(): void {
  if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString(`--wasm-tiering-budget=${TIERING_BUDGET}`)
}
