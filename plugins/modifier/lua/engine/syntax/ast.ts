/** What the parser makes of a chunk. `line` is the line that gopher-lua gives to a node, and so to errors that happen there. */
export interface LuaSource {
  /** Text of the chunk: a JavaScript string, taken as UTF-8, or its bytes. */
  readonly text: string | Uint8Array
  /** Name in error texts; gopher-lua says `<string>` for everything that KrakenD runs. */
  readonly chunkName?: string
  /** Name for the host: `LuaError.source` and `LuaSyntaxError.source` point here. */
  readonly label?: string
}

interface Node {
  line: number
}
export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '^' | '==' | '~=' | '<' | '<=' | '>' | '>='
export type Expression = Node &
  (
    | { type: 'nil' | 'true' | 'false' }
    | { type: 'number'; value: number }
    | { type: 'string'; value: string }
    | { type: 'vararg'; single: boolean }
    | FunctionExpression
    | { type: 'name'; name: string }
    | { type: 'index'; object: Expression; key: Expression }
    | CallExpression
    | { type: 'table'; fields: TableField[] }
    | { type: 'and' | 'or'; left: Expression; right: Expression }
    | { type: 'binary'; operator: BinaryOperator; left: Expression; right: Expression }
    | { type: 'concat'; parts: Expression[] }
    | { type: 'unary'; operator: '-' | 'not' | '#'; operand: Expression }
  )
export interface CallExpression extends Node {
  type: 'call'
  callee: Expression
  /** Name of the method of `callee:method()`. */
  method: string | undefined
  args: Expression[]
  /** In parentheses: exactly one result. */
  single: boolean
}
export interface FunctionExpression extends Node {
  type: 'function'
  parameters: string[]
  variadic: boolean
  body: Statement[]
  lastLine: number
}
export interface TableField {
  key: Expression | undefined
  value: Expression
}
export type Statement = Node & { lastLine?: number } & (
    | { type: 'assign'; targets: Expression[]; values: Expression[] }
    | { type: 'local'; names: string[]; values: Expression[] }
    | { type: 'call'; call: CallExpression }
    | { type: 'do'; body: Statement[] }
    | { type: 'while'; condition: Expression; body: Statement[] }
    | { type: 'repeat'; condition: Expression; body: Statement[] }
    | { type: 'if'; clauses: { condition: Expression; body: Statement[] }[]; otherwise: Statement[] | undefined }
    | { type: 'for'; name: string; init: Expression; limit: Expression; step: Expression | undefined; body: Statement[] }
    | { type: 'forin'; names: string[]; values: Expression[]; body: Statement[] }
    | { type: 'method'; receiver: Expression; name: string; fn: FunctionExpression }
    | { type: 'return'; values: Expression[] }
    | { type: 'break' }
    | { type: 'label'; name: string }
    | { type: 'goto'; name: string }
  )
