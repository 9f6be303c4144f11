/** How faults of plugins and components reach the start, each as soon as it is found. */

import { ConfigError, type ConfigProblem } from '../../errors.js'

/** Takes one fault; returns false when its place had an error already. `leftOut` is true when the start goes on without what has it. */
export type TakeFault = (problem: ConfigProblem, leftOut: boolean) => boolean

/** For starts that collect nothing: the first fault ends them. @throws ConfigError */
export const throwFault: TakeFault = (problem, leftOut) => {
  if (problem.level === 'error' && !leftOut) throw new ConfigError([problem])
  return true
}
