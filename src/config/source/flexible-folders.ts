/** The `FC_*` variables of flexible configuration. */

/** Where a template finds what it uses; paths as the operator wrote them. */
export interface FlexibleFolders {
  /** Folder of `NAME.json` files, each of them the variable `.NAME`. */
  readonly settings: string | undefined
  /** Folder of `*.tmpl` files that can be called by name. */
  readonly templates: string | undefined
  /** Folder of the texts that `include` reads. */
  readonly partials: string
  /** File that the rendered text is written to. */
  readonly out: string | undefined
}

/** Reads the `FC_*` variables; undefined where `FC_ENABLE` is empty or absent. */
export function flexibleFolders(env: NodeJS.ProcessEnv): FlexibleFolders | undefined {
  return env.FC_ENABLE ? namedFolders(env) : undefined
}

/** Reads the variables that name folders, whatever `FC_ENABLE` says. */
export function namedFolders(env: NodeJS.ProcessEnv): FlexibleFolders {
  return {
    settings: env.FC_SETTINGS || undefined,
    templates: env.FC_TEMPLATES || undefined,
    partials: env.FC_PARTIALS || '.',
    out: env.FC_OUT || undefined
  }
}
