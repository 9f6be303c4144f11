/** A schema with all that it leads to, ready to run. */

import { Compiler } from './compiler.js'
import { numberCycles } from './cycles.js'
import { NestingError } from './errors.js'
import type { Fault } from './faults.js'
import type { Place } from './node.js'
import type { NumberText } from './numbers.js'
import type { Registry } from './registry.js'
import { Run } from './run.js'
import type { CompilerOptions } from './schema-reader.js'
import { Scope } from './scope.js'
import { type ByteTest, compileByteTest } from './verdict/index.js'

export interface CompiledSchema {
  /** Returns the faults of a value, undefined when it fits. `text` is the value's own when it is a number. */
  run(value: unknown, numberText: NumberText, text?: string): readonly Fault[] | undefined
  /** Generates the test of JSON text; undefined where only {@link run} can tell. */
  byteTest(): ByteTest | undefined
}

/** @throws SchemaError */
export function compile(registry: Registry, place: Place, options: CompilerOptions): CompiledSchema {
  const compiler = new Compiler(registry, options)
  const node = compiler.compile(place)
  numberCycles(compiler.nodes)
  const scope = new Scope()
  return {
    byteTest: () => compileByteTest(node, scope, one => compiler.planOf(one)),
    run: (value, numberText, text) => {
      const run = new Run(scope, numberText, text)
      try {
        return run.evaluate(node, value, undefined) ? undefined : run.found
      } catch (cause) {
        // the caller stood deep in the stack already
        throw cause instanceof RangeError ? new NestingError() : cause
      }
    }
  }
}
