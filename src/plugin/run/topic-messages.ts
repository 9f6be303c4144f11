/** What workers and their primary send each other about topics. Calls have numbers, so that replies find them. */

export type ToHub = { readonly kind: 'topic' } & (
  | { readonly act: 'names'; readonly call: number; readonly prefix: string }
  | { readonly act: 'join'; readonly call: number; readonly topic: string }
  | { readonly act: 'publish'; readonly call: number; readonly topic: string; readonly message: Uint8Array }
  /** The message with this number is applied. */
  | { readonly act: 'applied'; readonly topic: string; readonly number: number }
  /** Stands for all messages that were applied before the snapshot with this number was asked for. */
  | { readonly act: 'snapshot'; readonly topic: string; readonly number: number; readonly message: Uint8Array }
  | { readonly act: 'leave'; readonly topic: string }
)

/** A message, and how long ago it was published, ms. */
export interface TopicEntry {
  readonly ageMs: number
  readonly message: Uint8Array
}

export type ToWorker = { readonly kind: 'topic' } & (
  | { readonly act: 'names'; readonly call: number; readonly names: readonly string[] }
  | { readonly act: 'state'; readonly call: number; readonly ageMs: number; readonly entries: readonly TopicEntry[] }
  /** `missing`: how many workers have not applied the message in time. */
  | { readonly act: 'published'; readonly call: number; readonly missing: number }
  | { readonly act: 'apply'; readonly topic: string; readonly number: number; readonly message: Uint8Array }
  | { readonly act: 'snapshot'; readonly topic: string; readonly number: number }
)
