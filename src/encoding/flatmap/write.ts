import { skipString } from '../../message/json/scan.js'
import { skipSpace } from '../../message/json/validate.js'
import type { Sliced } from '../../message/slices.js'
import { ByteWriter } from '../byte-writer.js'
import type { FlatLabel } from './label.js'
import { ARRAY, type FlatTree, LEAF, NAME, NONE, ROOT } from './tree.js'

/** Values that are written before others get their turn. */
const STEP = 512

const NULL = Buffer.from('null')
const COLON = 0x3a
const COMMA = 0x2c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/**
 * Writes a tree whose root has children as JSON. Neighbours that no operation touched are copied in one piece, as they stand in the document.
 *
 * @param names the labels that values may have got, by their number.
 */
export function* writeFlatTree(tree: FlatTree, names: readonly FlatLabel[]): Sliced<Buffer> {
  const out = new ByteWriter(tree.bytes.length)
  /** Containers that are open, and the child of each that comes next. */
  const open = [ROOT]
  const nexts = [tree.first(ROOT)]
  out.byte(OPEN_OBJECT)
  for (let steps = 1; open.length > 0; steps++) {
    if (steps % STEP === 0) yield
    const top = open.length - 1
    const inArray = tree.kinds[open[top]!] === ARRAY
    const child = nexts[top]!
    if (child === NONE) {
      out.byte(inArray ? CLOSE_ARRAY : CLOSE_OBJECT)
      open.pop()
      nexts.pop()
      continue
    }
    if (out.last !== OPEN_OBJECT && out.last !== OPEN_ARRAY) out.byte(COMMA)
    if (isUntouched(tree, child)) {
      const last = endOfRun(tree, child, inArray)
      out.copy(tree.bytes, inArray ? tree.begins[child]! : tree.labels[child]! >>> 2, tree.ends[last]!)
      nexts[top] = tree.after(last)
      continue
    }
    nexts[top] = tree.after(child)
    if (!inArray) writeKey(tree, names, child, out)
    const first = tree.first(child)
    if (first === NONE) {
      writeLeaf(tree, child, out)
      continue
    }
    out.byte(tree.kinds[child] === ARRAY ? OPEN_ARRAY : OPEN_OBJECT)
    open.push(child)
    nexts.push(first)
  }
  return out.finish()
}

function isUntouched(tree: FlatTree, node: number): boolean {
  return tree.kinds[node] === LEAF && (tree.labels[node]! & 3) !== NAME
}

/** The last of the values from `child` on that stand side by side in the document too. */
function endOfRun(tree: FlatTree, child: number, inArray: boolean): number {
  let last = child
  for (let length = 1; length < STEP; length++) {
    const next = tree.next[last]!
    if (next === NONE || !isUntouched(tree, next) || (inArray && !areAdjacent(tree, last, next))) break
    last = next
  }
  return last
}

/** Values that were moved into an array need not stand beside each other in the document. */
function areAdjacent({ bytes, begins, ends }: FlatTree, a: number, b: number): boolean {
  const comma = skipSpace(bytes, ends[a]!, bytes.length)
  return bytes[comma] === COMMA && skipSpace(bytes, comma + 1, bytes.length) === begins[b]
}

function writeKey(tree: FlatTree, names: readonly FlatLabel[], node: number, out: ByteWriter): void {
  const label = tree.labels[node]! >>> 2
  if ((tree.labels[node]! & 3) === NAME) out.write(names[label]!.key)
  else out.copy(tree.bytes, label, skipString(tree.bytes, label + 1))
  out.byte(COLON)
}

function writeLeaf(tree: FlatTree, node: number, out: ByteWriter): void {
  if (tree.kinds[node] === LEAF) return out.copy(tree.bytes, tree.begins[node]!, tree.ends[node]!)
  const own = tree.ownText(node)
  if (own === undefined) out.write(NULL)
  else out.copy(tree.bytes, own[0], own[1])
}
