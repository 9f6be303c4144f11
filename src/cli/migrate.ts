/** `sluice migrate`: a configuration of version 2 as version 3. */

import { writeFile } from 'node:fs/promises'
import { migrateConfig } from '../config/migration/migrate.js'
import { type Arguments, UsageError } from './arguments.js'
import type { Terminal } from './terminal.js'

/** Prints or writes the migrated text, says what it could not translate, and returns the exit code. */
export async function migrate(args: Arguments, terminal: Terminal): Promise<number> {
  const [file, ...rest] = args.operands
  if (file === undefined || rest.length > 0) throw new UsageError('give one file: sluice migrate FILE', 'migrate')
  const out = args.text('out')
  try {
    const { text, notes, changes } = await migrateConfig(file)
    terminal.problems(notes)
    if (notes.some(note => note.level === 'error')) return 1
    if (out === undefined) terminal.write(text)
    else await writeFile(out, text)
    const summary =
      changes === 0 ? `${file} is version 3 already` : `${changes} names and values changed, ${notes.length} places to look at`
    terminal.note(`${summary}; now run \`sluice check -c ${out ?? 'FILE'}\``)
    return 0
  } catch (error) {
    terminal.failure(error, 'migrating the configuration')
    return 1
  }
}
