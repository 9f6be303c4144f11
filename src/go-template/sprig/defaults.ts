import { GoFault } from '../go-fault.js'
import { declare, type FunctionTable } from '../go-function.js'
import { unmarshal, writeJson } from '../go-json.js'
import { kindOf, typeOf, type Value } from '../value.js'
import { isEmpty } from './conversions.js'

const RAW = { escapesHtml: false, indent: '' }
const ESCAPED = { escapesHtml: true, indent: '' }
const PRETTY = { escapesHtml: true, indent: '  ' }

/** What cannot be written is an empty text, as sprig has it; `mustX` fails. */
const lenient =
  (run: (value: Value) => Value, otherwise: Value) =>
  (value: Value): Value => {
    try {
      return run(value)
    } catch (cause) {
      if (cause instanceof GoFault) return otherwise
      throw cause
    }
  }

/** JSON, falsehood, kinds, and what ends the execution. */
export const DEFAULTS: FunctionTable = {
  default: declare('any ...any', (fallback: Value, ...given: Value[]) =>
    given.length === 0 || isEmpty(given[0]!) ? fallback : given[0]!
  ),
  empty: declare('any', isEmpty),
  coalesce: declare('...any', (...values: Value[]) => values.find(value => !isEmpty(value)) ?? null),
  all: declare('...any', (...values: Value[]) => !values.some(isEmpty)),
  any: declare('...any', (...values: Value[]) => values.some(value => !isEmpty(value))),
  ternary: declare('any any bool', (yes: Value, no: Value, chosen: boolean) => (chosen ? yes : no)),
  fail: declare('string', (message: string) => {
    throw new GoFault(message)
  }),
  fromJson: declare(
    'string',
    lenient(text => unmarshal(text as string), null)
  ),
  mustFromJson: declare('string', unmarshal),
  toJson: declare(
    'any',
    lenient(value => writeJson(value, ESCAPED), '')
  ),
  mustToJson: declare('any', (value: Value) => writeJson(value, ESCAPED)),
  toPrettyJson: declare(
    'any',
    lenient(value => writeJson(value, PRETTY), '')
  ),
  mustToPrettyJson: declare('any', (value: Value) => writeJson(value, PRETTY)),
  toRawJson: declare('any', (value: Value) => writeJson(value, RAW)),
  mustToRawJson: declare('any', (value: Value) => writeJson(value, RAW)),
  typeOf: declare('any', typeOf),
  typeIs: declare('string any', (type: string, value: Value) => typeOf(value) === type),
  typeIsLike: declare('string any', (type: string, value: Value) => typeOf(value) === type || typeOf(value) === `*${type}`),
  kindOf: declare('any', kindOf),
  kindIs: declare('string any', (kind: string, value: Value) => kindOf(value) === kind)
}
