/** Section 1: who may call. */

import { pluginNames, type Rule, when } from '../rule.js'

export const SECURITY_RULES: readonly Rule[] = [
  {
    id: '1.1.1',
    severity: 'HIGH',
    message: 'Basic authentication sends a password with each request: prefer tokens (auth/validator).',
    places: ({ components }) => {
      const plugins = components.get('plugin/http-server')
      return plugins !== undefined && pluginNames(plugins).includes('basic-auth') ? [plugins.pointer] : []
    }
  },
  {
    id: '1.1.2',
    severity: 'MEDIUM',
    message: 'API keys never expire by themselves: prefer signed tokens (auth/validator).',
    places: ({ components }) => {
      const keys = components.get('auth/api-keys')
      return keys === undefined ? [] : [keys.pointer]
    }
  },
  {
    id: '1.2.1',
    severity: 'HIGH',
    message: 'No endpoint checks tokens: let auth/validator protect those that are not public.',
    places: when(({ endpoints }) => !endpoints.some(endpoint => endpoint.components.has('auth/validator')))
  }
]
