/** What the tests of `validation/json-schema` share. */

import { compileSchema } from '../../../../plugins/validation/json-schema/schema.js'
import { parseJsonValue } from '../../../../src/message/exact-json.js'

export const DRAFT_4 = 'http://json-schema.org/draft-04/schema#'
export const DRAFT_6 = 'http://json-schema.org/draft-06/schema#'
export const DRAFT_7 = 'http://json-schema.org/draft-07/schema#'
export const DRAFT_2019 = 'https://json-schema.org/draft/2019-09/schema'
export const DRAFT_2020 = 'https://json-schema.org/draft/2020-12/schema'

/** Tells whether a value fits a schema. */
export async function fits(schema: unknown, value: unknown): Promise<boolean> {
  return (await faults(schema, value)) === undefined
}

/** Answers the lines of all faults, undefined for a value that fits. */
export async function faults(schema: unknown, value: unknown): Promise<string | undefined> {
  return (await compileSchema(schema))(value)
}

/** Tells whether a text fits a schema that is a text too: numbers keep all their digits. */
export async function textFits(schema: string, text: string): Promise<boolean> {
  const value = parseJsonValue(text)
  return (await compileSchema(parseJsonValue(schema)))(value, typeof value === 'number' ? text : undefined) === undefined
}
