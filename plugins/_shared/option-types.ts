/** Options that many components have, as JSON Schema. */

/** A switch. */
export const flag = (description: string, byDefault = false) => ({ type: 'boolean', default: byDefault, description }) as const

/** A list of texts, without a default. */
export const texts = (description: string) => ({ type: 'array', items: { type: 'string' }, description }) as const

/** A list of texts that is empty by default. */
export const textsOrNone = (description: string) => ({ ...texts(description), default: [] }) as const
