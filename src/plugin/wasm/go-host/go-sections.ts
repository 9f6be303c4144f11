/** What `sluice plugin build` writes into a Go module beside Go's own code: two custom sections at its end. */

import { type WasmModule, WebAssembly } from '../web-assembly.js'

/** Version of the border between a Go module and the gateway: imports, messages, meaning of handles. */
export const BORDER_VERSION = 2

/** Facts about a compiled plugin, as JSON in the section {@link FACTS}. */
export interface GoFacts {
  readonly border: number
  /** `go1.26.8` */
  readonly go: string
  /** The author's module path, `main` without one. */
  readonly module: string
  /** Symbols that the package has: `HandlerRegisterer` … */
  readonly registerers: readonly string[]
}

/** A Go module as the gateway runs it. */
export interface GoProgram {
  readonly facts: GoFacts
  /** `wasm_exec.js` of the Go that compiled the module. */
  readonly exec: string
}

const FACTS = 'sluice.plugin'
const EXEC = 'sluice.exec'

/**
 * Reads the sections of a module.
 * @param file for messages
 * @throws Error when the module was compiled otherwise, or for another border
 */
export function readProgram(module: WasmModule, file: string): GoProgram {
  const facts = textOf(module, FACTS)
  const exec = textOf(module, EXEC)
  if (facts === undefined || exec === undefined) {
    throw new Error('this Go module was not made by `sluice plugin build`: compile its source with it, `sluice plugin build DIR`')
  }
  const parsed = parseFacts(facts)
  if (parsed.border !== BORDER_VERSION) {
    throw new Error(
      `${file} was built for border ${parsed.border}, this Sluice has ${BORDER_VERSION}: run \`sluice plugin build\` again`
    )
  }
  return { facts: parsed, exec }
}

function textOf(module: WasmModule, name: string): string | undefined {
  const [section] = WebAssembly.Module.customSections(module, name)
  return section === undefined ? undefined : Buffer.from(section).toString('utf8')
}

function parseFacts(text: string): GoFacts {
  try {
    const value = JSON.parse(text) as Partial<GoFacts> | null
    const { border, go = '', module = 'main', registerers = [] } = value ?? {}
    if (typeof border === 'number')
      return { border, go: String(go), module: String(module), registerers: registerers.map(String) }
  } catch {
    // told below
  }
  throw new Error('its section sluice.plugin is broken: run `sluice plugin build` again')
}

/** Returns the module's bytes with the two sections behind them. */
export function withProgram(module: Uint8Array, { facts, exec }: GoProgram): Buffer {
  return Buffer.concat([module, section(FACTS, JSON.stringify(facts)), section(EXEC, exec)])
}

/** A custom section: id 0, size, name, content. */
function section(name: string, content: string): Buffer {
  const title = Buffer.from(name)
  const body = Buffer.concat([leb(title.length), title, Buffer.from(content)])
  return Buffer.concat([Buffer.of(0), leb(body.length), body])
}

/** An unsigned number as WebAssembly writes it. */
function leb(value: number): Buffer {
  const out: number[] = []
  let left = value
  do {
    const low = left & 0x7f
    left >>>= 7
    out.push(left === 0 ? low : low | 0x80)
  } while (left !== 0)
  return Buffer.from(out)
}
