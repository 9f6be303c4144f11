/** A stage of a Dockerfile, carried out in a folder. */
export interface Stage {
  readonly name: string
  /** The folder that stands for `/`. */
  readonly root: string
  readonly workdir: string
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
}

/** Carries out the steps; returns the last stage. */
export function runSteps(dockerfile: string, context: string, folder: string): Stage
