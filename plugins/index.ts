/** The shipped components, one line each; a component's folder is its namespace. */

import type { Component } from 'sluice/plugin'
import clientCredentials from './auth/client-credentials/index.js'
import signer from './auth/signer/index.js'
import validator from './auth/validator/index.js'

export const components: readonly Component<never>[] = [validator, signer, clientCredentials]
