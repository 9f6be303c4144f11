/** Options that the three mounts of scripts have in common. */

import { DEFAULT_LIMITS } from './engine/default-limits.js'

const LIMITS = {
  type: 'object',
  description: 'What one run may use; more ends it with an error.',
  properties: {
    time: { type: 'string', default: `${DEFAULT_LIMITS.cpuMs}ms`, description: 'Time that it may compute; waiting is free.' },
    steps: { type: 'integer', minimum: 1, default: DEFAULT_LIMITS.fuel, description: 'Calls, iterations and work of functions.' },
    memory_bytes: {
      type: 'integer',
      minimum: 1,
      default: DEFAULT_LIMITS.memoryBytes,
      description: 'Bytes that strings, tables and functions may ask for in all.'
    },
    depth: { type: 'integer', minimum: 1, default: DEFAULT_LIMITS.depth, description: 'Nested calls.' }
  },
  additionalProperties: false
} as const

/** Keys of every mount. */
export const COMMON_KEYS = {
  sources: { type: 'array', items: { type: 'string' }, description: 'Files that run before the script, as one chunk.' },
  md5: { type: 'object', additionalProperties: { type: 'string' }, description: 'Sums that files in `sources` must have.' },
  pre: { type: 'string', description: 'Script that runs on the request.' },
  live: { type: 'boolean', default: false, description: 'Reads `sources` anew for each request.' },
  allow_open_libs: { type: 'boolean', default: false, description: 'Opens string, math, os, io, debug and coroutine.' },
  limits: LIMITS
} as const

/** Keys of mounts around a call. */
export const CALL_KEYS = {
  ...COMMON_KEYS,
  post: { type: 'string', description: 'Script that runs on the response.' },
  skip_next: { type: 'boolean', default: false, description: 'Makes no call: the script makes the response.' }
} as const
