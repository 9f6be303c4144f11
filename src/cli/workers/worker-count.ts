import { availableParallelism } from 'node:os'
import { UsageError } from '../arguments.js'

/** Reads `--workers`. @throws UsageError for anything but `auto` and a number from 1 to 1024 */
export function workerCount(text: string): number {
  if (text === 'auto') return availableParallelism()
  const count = Number(text)
  if (!/^\d{1,4}$/.test(text) || count < 1 || count > 1024) {
    throw new UsageError(
      `invalid number of workers ${JSON.stringify(text)}: a number from 1 to 1024 or "auto" is expected`,
      'run'
    )
  }
  return count
}
