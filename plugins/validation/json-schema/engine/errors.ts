/** What ends the compilation of a schema, or one validation, without an answer. */

/** A schema that cannot be used. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
  /** JSON pointer within the schema, '' for the whole. */
  readonly pointer: string

  constructor(pointer: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.pointer = pointer
  }
}

/** A value that is nested deeper than the schema can be followed. */
export class NestingError extends Error {
  override readonly name = 'NestingError'

  constructor() {
    super('the value is nested too deep')
  }
}

/** Nested evaluations: what takes two thirds of Node.js's default stack before the code is optimized. */
export const MAX_NESTING = 1200
