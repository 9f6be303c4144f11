/** `tostring` without metatables. */
import { numberToText } from './numbers.js'
import { LuaCoroutine, LuaTable, type LuaValue } from './values.js'
import { charge } from './vm.js'

const addresses = new WeakMap<object, string>()
let next = 0xc000010000

/** An address that looks like Go's and tells nothing. */
function address(value: object): string {
  let text = addresses.get(value)
  if (text === undefined) {
    charge(16)
    next += 16 * (1 + Math.floor(Math.random() * 64))
    text = `0x${next.toString(16)}`
    addresses.set(value, text)
  }
  return text
}

export function tostringPlain(value: LuaValue): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return numberToText(value)
    case 'undefined':
      return 'nil'
    case 'boolean':
      return value ? 'true' : 'false'
    case 'function':
      return `function: ${address(value)}`
    default:
      return `${value instanceof LuaTable ? 'table' : value instanceof LuaCoroutine ? 'thread' : 'userdata'}: ${address(value)}`
  }
}
