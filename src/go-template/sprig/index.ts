/** The functions of sprig 3.2.3 by their names. */

import type { FunctionTable } from '../go-function.js'
import { DATES } from './dates.js'
import { DEFAULTS } from './defaults.js'
import { ENCODINGS } from './encodings.js'
import { environmentFunctions } from './environment.js'
import { LISTS } from './lists.js'
import { MAPS } from './maps.js'
import { NUMBERS } from './numbers.js'
import { PATHS } from './paths.js'
import { REGEXES } from './regexes.js'
import { TEXTS } from './text.js'
import { VERSIONS } from './versions.js'

export const SPRIG: FunctionTable = {
  ...DATES,
  ...DEFAULTS,
  ...ENCODINGS,
  ...environmentFunctions(process.env),
  ...LISTS,
  ...MAPS,
  ...NUMBERS,
  ...PATHS,
  ...REGEXES,
  ...TEXTS,
  ...VERSIONS
}
