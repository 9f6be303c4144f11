/** Small WebAssembly modules, written byte by byte. */

const section = (id: number, body: readonly number[]): number[] => [id, body.length, ...body]
const text = (value: string): number[] => [value.length, ...Buffer.from(value)]

/** A module that imports functions by module and name, and exports functions that do nothing. Few and short ones: each section is below 128 bytes. */
export function moduleOf(imports: readonly (readonly [module: string, name: string])[], exports: readonly string[]): Buffer {
  const imported = imports.flatMap(([module, name]) => [...text(module), ...text(name), 0, 0])
  const exported = exports.flatMap((name, i) => [...text(name), 0, imports.length + i])
  return Buffer.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(2, [imports.length, ...imported]),
    ...section(3, [exports.length, ...exports.map(() => 0)]),
    ...section(7, [exports.length, ...exported]),
    ...section(10, [exports.length, ...exports.flatMap(() => [2, 0, 0x0b])])
  ])
}
