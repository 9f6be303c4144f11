/**
 * The steps of a body: observers, byte stages, Node transforms, token stages. Consecutive byte steps run in one
 * loop; consecutive token stages share one parser and one writer. So N plugins cost what one plugin doing N things costs.
 */

import type { Transform } from 'node:stream'
import type { GatewayError } from '../errors.js'
import type { Owned } from './blame.js'
import type { ByteSource } from './byte-flow.js'
import { BodyLink, FilterLink } from './links.js'
import type { ByteStage, Observer, TokenStage } from './public.js'
import { TokenPipe } from './tokens/token-pipe.js'

/** One step of a body; steps of pipes are others (`pipe/step.ts`). */
export type BodyStep = Owned &
  (
    | { readonly kind: 'tap'; readonly observer: Observer }
    | { readonly kind: 'bytes'; readonly stage: ByteStage }
    | { readonly kind: 'node'; readonly transform: Transform }
    /** Encoded bytes go on; a decoded copy goes to the observer. */
    | { readonly kind: 'tap-decoded'; readonly decoder: Transform; readonly observer: Observer }
    | { readonly kind: 'tokens'; readonly stage: TokenStage }
  )

const ignore = (): void => {}

/** True where the bytes that come out are those that go in. */
export function onlyObserves(steps: readonly BodyStep[]): boolean {
  return steps.every(step => step.kind === 'tap' || step.kind === 'tap-decoded')
}

/** Ends a step whose body breaks off. Never throws. */
export function abortStep(step: BodyStep, reason: Error): void {
  try {
    if (step.kind === 'tap') step.observer.abort?.(reason)
    else if (step.kind === 'tap-decoded') {
      step.observer.abort?.(reason)
      step.decoder.destroy()
    } else if (step.kind === 'node') {
      step.transform.on('error', ignore) // a stream that never ran has no other listener
      step.transform.destroy(reason)
    } else step.stage.abort?.(reason)
  } catch {
    // its body has failed already: a second failure changes nothing
  }
}

/** Any number of observers and byte stages in one loop. */
class ByteLink extends BodyLink {
  private readonly steps: readonly BodyStep[]
  private readonly stages: readonly (Observer | ByteStage)[]
  private readonly changes: readonly boolean[]
  private next = 0
  /** The stage that runs, or ran last. */
  private at = 0

  constructor(steps: readonly BodyStep[]) {
    super()
    this.steps = steps
    this.stages = steps.map(step => (step.kind === 'tap' ? step.observer : (step as { stage: ByteStage }).stage))
    this.changes = steps.map(step => step.kind === 'bytes')
  }

  write(chunk: Uint8Array): boolean {
    if (this.closed) return false
    try {
      return this.run(chunk, 0)
    } catch (cause) {
      return this.broke(cause)
    }
  }

  private run(chunk: Uint8Array, from: number): boolean {
    const { stages, changes } = this
    for (let i = from; i < stages.length; i++) {
      this.at = i
      const out = stages[i]!.chunk(chunk)
      if (!changes[i]) continue
      if (out === undefined) return true
      if (Array.isArray(out)) {
        let more = true
        for (const part of out) if (part.length > 0) more = this.run(part, i + 1) && more
        return more
      }
      if ((out as Uint8Array).length === 0) return true
      chunk = out as Uint8Array
    }
    return this.sink.write(chunk)
  }

  end(trailers: readonly string[]): void {
    if (this.closed) return
    try {
      for (; this.next < this.stages.length; this.next++) {
        this.at = this.next
        const out = this.stages[this.next]!.end?.()
        if (!this.changes[this.next] || out === undefined) continue
        for (const part of Array.isArray(out) ? out : [out as Uint8Array]) if (part.length > 0) this.run(part, this.next + 1)
      }
    } catch (cause) {
      this.next++
      this.broke(cause)
      return
    }
    this.closed = true
    this.sink.end(trailers)
  }

  protected override failureOf(cause: unknown): GatewayError {
    return this.steps[this.at]!.owner?.failed(cause) ?? super.failureOf(cause)
  }

  protected abort(error: Error): void {
    for (let i = this.next; i < this.steps.length; i++) abortStep(this.steps[i]!, error)
  }
}

/** A Node Transform, with its back-pressure in both directions. */
class TransformLink extends BodyLink {
  private readonly transform: Transform
  private readonly copyTo: Observer | undefined
  private readonly step: Owned
  private trailers: readonly string[] = []

  /** With `copyTo` the bytes pass unchanged and the transform's output goes to the observer. */
  constructor(step: Owned, transform: Transform, copyTo?: Observer) {
    super()
    this.step = step
    this.transform = transform
    this.copyTo = copyTo
    transform.on('data', (chunk: Buffer) => {
      if (this.closed) return
      if (copyTo !== undefined) return this.observe(chunk)
      if (!this.sink.write(chunk)) transform.pause()
    })
    transform.on('end', () => this.finish())
    transform.on('error', cause => this.broke(cause))
    transform.on('close', () => {
      if (!this.closed && !transform.readableEnded) this.broke(new Error('a body transform was closed before its end'))
    })
    transform.on('drain', () => this.upstream.resume())
  }

  private observe(chunk: Buffer): void {
    try {
      this.copyTo!.chunk(chunk)
    } catch (cause) {
      this.broke(cause)
    }
  }

  write(chunk: Uint8Array): boolean {
    if (this.closed) return false
    if (this.copyTo === undefined) return this.transform.write(chunk)
    const room = this.transform.write(chunk)
    return this.sink.write(chunk) && room
  }

  end(trailers: readonly string[]): void {
    if (this.closed) return
    this.trailers = trailers
    this.transform.end()
  }

  private finish(): void {
    if (this.closed) return
    try {
      this.copyTo?.end?.()
    } catch (cause) {
      this.broke(cause)
      return
    }
    this.closed = true
    this.sink.end(this.trailers)
  }

  protected override failureOf(cause: unknown): GatewayError {
    return this.step.owner?.failed(cause) ?? super.failureOf(cause)
  }

  override resume(): void {
    if (this.copyTo === undefined && this.transform.isPaused()) this.transform.resume()
    else if (!this.transform.writableNeedDrain) this.upstream.resume()
  }

  protected abort(error: Error): void {
    try {
      this.copyTo?.abort?.(error)
    } catch {
      // see abortStep
    }
    this.transform.destroy()
  }
}

/** Any number of token stages over one parser and one writer. */
class TokenLink extends FilterLink {
  private readonly steps: readonly BodyStep[]
  private readonly pipe: TokenPipe

  constructor(steps: readonly BodyStep[]) {
    const pipe = new TokenPipe(steps.map(step => (step as { stage: TokenStage }).stage))
    super(pipe)
    this.steps = steps
    this.pipe = pipe
  }

  protected override failureOf(cause: unknown): GatewayError {
    return this.steps[this.pipe.throwerOf(cause)]?.owner?.failed(cause) ?? super.failureOf(cause)
  }
}

/** Puts steps, of which there is at least one, in front of a source; what it returns is started with `flow`. */
export function throughSteps(source: ByteSource, steps: readonly BodyStep[]): BodyLink {
  let current: ByteSource = source
  for (let i = 0; i < steps.length; ) {
    const step = steps[i]!
    let to = i + 1
    if (step.kind === 'node') current = new TransformLink(step, step.transform).connect(current)
    else if (step.kind === 'tap-decoded') current = new TransformLink(step, step.decoder, step.observer).connect(current)
    else if (step.kind === 'tokens') {
      while (steps[to]?.kind === 'tokens') to++
      current = new TokenLink(steps.slice(i, to)).connect(current)
    } else {
      while (steps[to]?.kind === 'tap' || steps[to]?.kind === 'bytes') to++
      current = new ByteLink(steps.slice(i, to)).connect(current)
    }
    i = to
  }
  return current as BodyLink
}
