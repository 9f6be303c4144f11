// Preload that lets Node run the TypeScript sources; `--import tsx` alone does so in the main thread only.
import { isMainThread } from 'node:worker_threads'

if (isMainThread) await import('tsx')
else (await import('tsx/esm/api')).register()
