/** The shipped components, one line each; a component's folder is its namespace. */

import type { Component } from 'sluice/plugin'

export const components: readonly Component<never>[] = []
