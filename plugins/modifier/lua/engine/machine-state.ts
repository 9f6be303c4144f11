/** The state of the machine around a run: kept when a run begins or goes on, put back when it stops or waits. */
import { type TypeMetatables, useMetatables } from './metatables.js'
import { type VirtualMachine, vm } from './vm.js'

export type SavedMachine = VirtualMachine & { metatables: TypeMetatables }

/** The state outside of all runs. */
let idle: SavedMachine | undefined

/** Keeps the state, and puts the metatables of a run in the place of those before. */
export function saveMachine(metatables: TypeMetatables): SavedMachine {
  const before = useMetatables(metatables)
  if (vm.meter !== undefined) return stateWith(before)
  idle ??= stateWith(before)
  return idle
}

function stateWith(metatables: TypeMetatables): SavedMachine {
  const { fuel, longest, memory, depth, maxDepth, tails, guards, handler, pinned, resumable, meter, coroutine, env } = vm
  return {
    fuel,
    longest,
    memory,
    depth,
    maxDepth,
    tails,
    guards,
    handler,
    pinned,
    resumable,
    meter,
    coroutine,
    env,
    metatables
  }
}

export function restoreMachine(saved: SavedMachine): void {
  useMetatables(saved.metatables)
  vm.fuel = saved.fuel
  vm.longest = saved.longest
  vm.memory = saved.memory
  vm.depth = saved.depth
  vm.maxDepth = saved.maxDepth
  vm.tails = saved.tails
  vm.guards = saved.guards
  vm.handler = saved.handler
  vm.pinned = saved.pinned
  vm.resumable = saved.resumable
  vm.meter = saved.meter
  vm.coroutine = saved.coroutine
  vm.env = saved.env
}
