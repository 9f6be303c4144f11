import { FileWatch, printsOf } from '../files/file-watch.js'
import type { Logger } from '../telemetry/logger.js'
import type { ReloadRequests } from './control/reload-requests.js'

/** ms between two looks. */
const LOOK_MS = 400

/** Reloads whenever files of the configuration have changed; returns how to end that. */
export async function watchFiles(
  { files, logger }: { readonly files: () => readonly string[]; readonly logger: () => Logger },
  reloads: ReloadRequests
): Promise<() => void> {
  const watch = new FileWatch({
    paths: files,
    everyMs: LOOK_MS,
    onChange: changed => {
      const [first, ...others] = changed
      logger().info(`[SERVICE: Reload] Changed: ${first}${others.length === 0 ? '' : ` and ${others.length} more`}`)
      void reloads.ask({ cause: 'watch', roll: false })
    },
    onTooMany: folder => logger().warning(`[SERVICE: Reload] ${folder} holds more files than are watched`)
  })
  watch.start(await printsOf(files()))
  logger().info(`[SERVICE: Reload] Watching ${files().length} files and folders`)
  return () => watch.stop()
}
