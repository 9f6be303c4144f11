/** What workers and their primary send each other about texts that any worker may ask all of them for. */

import type { WorkerText } from '../component.js'

export type ToTextHub = { readonly kind: 'text' } & (
  | { readonly act: 'offer' | 'withdraw'; readonly name: string }
  | { readonly act: 'gather'; readonly call: number; readonly name: string }
  /** `text` undefined: it could not be made. */
  | { readonly act: 'made'; readonly number: number; readonly text: string | undefined }
)

export type ToTextWorker = { readonly kind: 'text' } & (
  | { readonly act: 'wanted'; readonly number: number; readonly name: string }
  | { readonly act: 'gathered'; readonly call: number; readonly texts: readonly WorkerText[] }
)
