/** What generated code calls, by the names it uses. */
import { all, callable, drop, first, inPlace, NONE, overflow, PAUSE, settle, special, TAIL, wide } from './calls.js'
import { scope } from './environments.js'
import { iterate } from './iterate.js'
import {
  absent,
  add,
  concat,
  concatAll,
  div,
  eq,
  forCheck,
  ge,
  gt,
  index,
  indexS,
  le,
  len,
  lt,
  mod,
  mul,
  pow,
  setIndex,
  setIndexS,
  sub,
  unm
} from './operations.js'
import { argTable, HOLE, list, mixed, shape, shaped } from './tables.js'
import { LuaTable } from './values.js'
import { refuel, tired, vm } from './vm.js'

export const RUNTIME = {
  m: vm,
  T: LuaTable,
  NONE,
  TAIL,
  HOLE,
  PAUSE,
  first,
  all,
  drop,
  wide,
  callable,
  special,
  inPlace,
  settle,
  overflow,
  refuel,
  tired,
  scope,
  iterate,
  index,
  indexS,
  setIndex,
  setIndexS,
  absent,
  add,
  sub,
  mul,
  div,
  mod,
  pow,
  unm,
  len,
  eq,
  lt,
  le,
  gt,
  ge,
  concat,
  concatAll,
  forCheck,
  list,
  shape,
  shaped,
  mixed,
  argTable
}

export const RUNTIME_NAMES: readonly string[] = Object.keys(RUNTIME)
