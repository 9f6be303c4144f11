/** What workers and their primary send each other about texts that any worker may ask all of them for. */

export type ToTextHub = { readonly kind: 'text' } & (
  | { readonly act: 'offer' | 'withdraw'; readonly name: string }
  | { readonly act: 'gather'; readonly call: number; readonly name: string }
  /** `text` undefined: it could not be made. */
  | { readonly act: 'made'; readonly number: number; readonly text: string | undefined }
)

/** The text of one worker. */
export interface WorkerText {
  /** The number of the worker's place, from 1. */
  readonly worker: number
  readonly text: string
}

export type ToTextWorker = { readonly kind: 'text' } & (
  | { readonly act: 'wanted'; readonly number: number; readonly name: string }
  | { readonly act: 'gathered'; readonly call: number; readonly texts: readonly WorkerText[] }
)
