import { charge } from '../vm.js'

/** Counts the signs `%` of a format, and pairs of them. */
export function countSigns(format: string): readonly [signs: number, doubled: number] {
  let signs = 0
  let doubled = 0
  let open = -2
  for (let at = format.indexOf('%'); at >= 0; at = format.indexOf('%', at + 1)) {
    charge(1)
    signs++
    if (open === at - 1) {
      doubled++
      open = -2
    } else open = at
  }
  return [signs, doubled]
}
