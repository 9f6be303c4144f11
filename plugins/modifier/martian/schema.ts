/** The schema of the options, made of the table of modifiers. */

import { MODIFIERS } from './modifiers.js'

const SCOPE = {
  type: 'array',
  items: { enum: ['request', 'response'] },
  description: 'Where it runs. Without it: wherever it can; empty: never.'
}

export const SCHEMA = {
  $ref: '#/$defs/modifier',
  description: 'Edits requests to a backend and its responses',
  $defs: {
    modifier: {
      type: 'object',
      properties: Object.fromEntries(
        [...MODIFIERS].map(([name, { about, keys }]) => [
          name,
          {
            type: 'object',
            description: about,
            properties: { ...keys, scope: SCOPE }
          }
        ])
      )
    }
  }
} as const
