/** Writes http-wasm guests for tests, from calls of host functions. */

/** Types as `(parameters) → result`; `i` = i32, `l` = i64, `-` = none. */
const HOST_TYPES: Readonly<Record<string, string>> = {
  enable_features: 'i>i',
  get_config: 'ii>i',
  log_enabled: 'i>i',
  log: 'iii>-',
  get_method: 'ii>i',
  set_method: 'ii>-',
  get_uri: 'ii>i',
  set_uri: 'ii>-',
  get_protocol_version: 'ii>i',
  get_header_names: 'iii>l',
  get_header_values: 'iiiii>l',
  set_header_value: 'iiiii>-',
  add_header_value: 'iiiii>-',
  remove_header: 'iii>-',
  read_body: 'iii>l',
  write_body: 'iii>-',
  get_source_addr: 'ii>i',
  get_status_code: '>i',
  set_status_code: 'i>-'
}

const WASI_TYPES: Readonly<Record<string, string>> = {
  fd_write: 'iiii>i',
  clock_time_get: 'ili>i',
  random_get: 'ii>i',
  environ_sizes_get: 'ii>i',
  path_open: 'iiiiillii>i',
  proc_exit: 'i>-',
  fd_unknown: 'i>i'
}

/** One instruction or more that leave a value, or none. */
export type Op = number | bigint | string | { readonly op: string; readonly args: readonly Op[] }

const op =
  (name: string) =>
  (...args: Op[]): Op => ({ op: name, args })

/** Calls of host functions by their names; texts become a place and a length in memory. What they return stays on the stack. */
export const host = Object.fromEntries(Object.keys(HOST_TYPES).map(name => [name, op(name)])) as Record<
  string,
  ReturnType<typeof op>
>
export const wasi = Object.fromEntries(Object.keys(WASI_TYPES).map(name => [name, op(`wasi:${name}`)])) as Record<
  string,
  ReturnType<typeof op>
>
export const drop = op('drop')
export const trap = op('unreachable')()
/** Grows the memory by pages; leaves the old size, or -1. */
export const grow = op('memory.grow')
/** Low half of an i64. */
export const low = op('wrap')
export const add = op('add')
/** The second is stored at the first. */
export const store = op('store')
export const load = op('load')
/** Notes at a place where a text stands: what `fd_write` wants. */
export const vector = op('vector')
export const loop = op('loop')()
/** Counts down from a number. */
export const spin = op('spin')
/** Runs the others when the first is not 0. */
export const when = op('when')
/** The context that `handle_response` gets: only there. */
export const context = op('local')(0)
export const isError = op('local')(1)

export interface GuestParts {
  /** Runs in the module's start function. */
  readonly start?: readonly Op[]
  /** Runs in an exported `_start`. */
  readonly main?: readonly Op[]
  readonly request?: readonly Op[]
  /** What `handle_request` returns. Default 1n: on to the next handler. */
  readonly result?: bigint
  readonly response?: readonly Op[]
  /** 64 KiB pages. Default 1. */
  readonly pages?: number
  readonly without?: string
}

/** Texts stand from here in memory; below is room for results. */
export const TEXTS_AT = 32 * 1024

/** The module's bytes. */
export function guest(parts: GuestParts): Buffer {
  return new Writer(parts).module()
}

class Writer {
  private readonly parts: GuestParts
  private readonly imports: string[] = []
  private readonly types: string[] = []
  private data = Buffer.alloc(0)

  constructor(parts: GuestParts) {
    this.parts = parts
    const walk = (one: Op): void => {
      if (typeof one !== 'object') return
      if (this.typeOf(one.op) !== undefined && !this.imports.includes(one.op)) this.imports.push(one.op)
      one.args.forEach(walk)
    }
    for (const list of [parts.start, parts.main, parts.request, parts.response]) list?.forEach(walk)
  }

  module(): Buffer {
    const { parts } = this
    const bodies: { readonly type: string; readonly code: number[]; readonly name?: string }[] = [
      { type: '>l', code: [...this.code(parts.request ?? []), ...this.one(parts.result ?? 1n)], name: 'handle_request' },
      { type: 'ii>-', code: this.code(parts.response ?? []), name: 'handle_response' }
    ]
    if (parts.main !== undefined) bodies.push({ type: '>-', code: this.code(parts.main), name: '_start' })
    if (parts.start !== undefined) bodies.push({ type: '>-', code: this.code(parts.start) })
    const importSection = this.imports.map(name => {
      const isWasi = name.startsWith('wasi:')
      return [
        ...text(isWasi ? 'wasi_snapshot_preview1' : 'http_handler'),
        ...text(name.replace('wasi:', '')),
        0,
        ...leb(this.typeIndex(this.typeOf(name)!))
      ]
    })
    const functions = bodies.map(body => leb(this.typeIndex(body.type)))
    const exported = bodies.flatMap((body, i) =>
      body.name === undefined || body.name === parts.without ? [] : [[...text(body.name), 0, ...leb(this.imports.length + i)]]
    )
    if (parts.without !== 'memory') exported.push([...text('memory'), 2, 0])
    const codes = bodies.map(body => {
      const code = [0, ...body.code, 0x0b]
      return [...leb(code.length), ...code]
    })
    const start = parts.start === undefined ? [] : section(8, leb(this.imports.length + bodies.length - 1))
    return Buffer.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, list(this.types.map(type => typeBytes(type)))),
      ...section(2, list(importSection)),
      ...section(3, list(functions)),
      ...section(5, [1, 0, ...leb(parts.pages ?? 1)]),
      ...section(7, list(exported)),
      ...start,
      ...section(10, list(codes)),
      ...section(11, list([[0, 0x41, ...sleb(BigInt(TEXTS_AT)), 0x0b, ...leb(this.data.length), ...this.data]]))
    ])
  }

  private typeOf(name: string): string | undefined {
    return name.startsWith('wasi:') ? WASI_TYPES[name.slice(5)] : HOST_TYPES[name]
  }

  private typeIndex(type: string): number {
    if (!this.types.includes(type)) this.types.push(type)
    return this.types.indexOf(type)
  }

  private code(ops: readonly Op[]): number[] {
    return ops.flatMap(one => this.one(one))
  }

  private one(given: Op): number[] {
    if (typeof given === 'number') return [0x41, ...sleb(BigInt(given | 0))]
    if (typeof given === 'bigint') return [0x42, ...sleb(given)]
    if (typeof given === 'string') return this.textCode(given)
    const args = this.code(given.args)
    switch (given.op) {
      case 'drop':
        return [...args, 0x1a]
      case 'unreachable':
        return [0x00]
      case 'memory.grow':
        return [...args, 0x40, 0]
      case 'wrap':
        return [...args, 0xa7]
      case 'add':
        return [...args, 0x6a]
      case 'store':
        return [...args, 0x36, 2, 0]
      case 'load':
        return [...args, 0x28, 2, 0]
      case 'vector': {
        const at = given.args[0] as number
        const [place, length] = this.textAt(given.args[1] as string)
        return [...this.one(store(at, place)), ...this.one(store(at + 4, length))]
      }
      case 'loop':
        return [0x03, 0x40, 0x0c, 0, 0x0b]
      case 'spin':
        // the counter stands at 0 in memory
        return [
          ...this.one(store(0, given.args[0]!)),
          ...[0x03, 0x40, ...this.one(store(0, add(load(0), -1))), ...this.one(load(0)), 0x0d, 0, 0x0b]
        ]
      case 'local':
        return [0x20, given.args[0] as number]
      case 'when':
        return [...this.one(given.args[0]!), 0x04, 0x40, ...this.code(given.args.slice(1)), 0x0b]
      default:
        return [...args, 0x10, ...leb(this.imports.indexOf(given.op))]
    }
  }

  /** Bytes of a text: its place and its length. */
  private textCode(value: string): number[] {
    return this.textAt(value).flatMap(number => this.one(number))
  }

  private textAt(value: string): [at: number, length: number] {
    const at = TEXTS_AT + this.data.length
    const bytes = Buffer.from(value)
    this.data = Buffer.concat([this.data, bytes])
    return [at, bytes.length]
  }
}

function typeBytes(type: string): number[] {
  const [parameters, result] = type.split('>') as [string, string]
  const of = (letter: string): number => (letter === 'l' ? 0x7e : 0x7f)
  const results = result === '-' ? [0] : [1, of(result)]
  return [0x60, parameters.length, ...[...parameters].map(of), ...results]
}

const text = (value: string): number[] => [...leb(value.length), ...Buffer.from(value)]
const list = (entries: readonly (readonly number[])[]): number[] => [...leb(entries.length), ...entries.flat()]
const section = (id: number, content: readonly number[]): number[] => [id, ...leb(content.length), ...content]

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]
}

function sleb(value: bigint): number[] {
  const byte = Number(value & 127n)
  const rest = value >> 7n
  const done = (rest === 0n && (byte & 64) === 0) || (rest === -1n && (byte & 64) !== 0)
  return done ? [byte] : [byte | 128, ...sleb(rest)]
}
