import { declare, type FunctionTable } from '../go-function.js'

const VARIABLE = /\$(?:\{([^}]*)\}|([A-Za-z_]\w*|[*#$@!?\-0-9]))/g

/** `env` is empty for a variable that is not set. */
export const environmentFunctions = (env: NodeJS.ProcessEnv): FunctionTable => ({
  env: declare('string', (name: string) => env[name] ?? ''),
  expandenv: declare('string', (text: string) =>
    text.replace(VARIABLE, (_, braced?: string, bare?: string) => env[braced ?? bare ?? ''] ?? '')
  )
})
