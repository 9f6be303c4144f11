/**
 * A set of Go templates (`text/template`) that know each other by name.
 *
 * In: sources, then data. Out: text. Everything is parsed before anything is executed.
 */

import { BUILT_IN } from './built-in.js'
import { execute } from './execution.js'
import type { FunctionTable } from './go-function.js'
import { Output } from './output.js'
import { parseSource } from './parser.js'
import { SPRIG } from './sprig/index.js'
import { type Block, isEmptyBlock } from './syntax.js'
import { Source, TemplateError } from './template-error.js'
import { valueOfJson } from './value.js'

export interface RenderedTemplate {
  readonly text: string
  /** Where the characters of the text come from. */
  readonly output: Output
}

export class TemplateSet {
  private readonly functions: FunctionTable
  private readonly templates = new Map<string, Block>()

  /** @param own functions besides those of Go and sprig; they win */
  constructor(own: FunctionTable = {}) {
    this.functions = Object.assign(Object.create(null), BUILT_IN, SPRIG, own)
  }

  /**
   * Adds a source. A template of a name that is known already is replaced, unless the new one is empty.
   * @throws TemplateError at its first fault
   */
  add(name: string, text: string): void {
    const { templates } = parseSource(new Source(name, text), word => word in this.functions)
    for (const [template, block] of templates)
      if (!this.templates.has(template) || !isEmptyBlock(block)) this.templates.set(template, block)
  }

  /**
   * Executes a template.
   * @param data JSON values; whole numbers are float64, as Go reads them
   * @throws TemplateError
   */
  render(name: string, data: unknown): RenderedTemplate {
    const output = new Output()
    try {
      execute({ templates: this.templates, functions: this.functions, output }, name, valueOfJson(data))
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause
      throw new TemplateError('the template is nested too deep', { source: new Source(name, ''), at: 0 }, { cause })
    }
    return { text: output.text, output }
  }
}
