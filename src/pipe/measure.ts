/** Measures and records pipes and stages for observers. Without an observer none of this runs. */

import { GatewayError } from '../errors.js'
import { internals } from '../message/internals.js'
import type { GatewayRequest } from '../message/public.js'
import type { RequestMessage } from '../message/request.js'
import type { ResponseMessage } from '../message/response.js'
import { NotNeeded } from '../message/scope.js'
import type { PipeMeter, PipeWatch, StageWatch } from '../telemetry/observer.js'
import type { PipeOutcome, PipeTracer, Span } from '../telemetry/span.js'
import type { Layer } from './layer.js'
import type { Next, Wrap } from './next.js'
import type { ResponseReceiver } from './receiver.js'
import type { Step, StepWrap } from './step.js'

/** Tells `watch` how long the pipe within takes, and what comes of it. It describes no stage: watching a pipe does not change its shape. */
export function watchLayer(watch: PipeWatch | undefined): Layer | undefined {
  return watch && { wrap: inner => new WatchedStep(inner, watch), stages: [] }
}

class WatchedStep implements Step {
  private readonly inner: Step
  private readonly watch: PipeWatch

  constructor(inner: Step, watch: PipeWatch) {
    this.inner = inner
    this.watch = watch
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    if (this.watch.meter === undefined && request.span === undefined) this.inner.send(request, receiver)
    else this.inner.send(request, new WatchedReceiver(this.watch, request, receiver))
  }
}

/** One run of a pipe that is watched. Its span stands on the request until the outcome is there. */
export class WatchedReceiver implements ResponseReceiver {
  private readonly meter: PipeMeter | undefined
  private readonly tracer: PipeTracer | undefined
  private readonly request: RequestMessage
  private readonly receiver: ResponseReceiver
  private readonly startedAt = performance.now()
  private readonly outer: Span | undefined
  /** Undefined = not recorded. */
  readonly span: Span | undefined

  constructor({ meter, tracer }: PipeWatch, request: RequestMessage, receiver: ResponseReceiver) {
    this.meter = meter
    this.tracer = tracer
    this.request = request
    this.receiver = receiver
    this.outer = request.span
    this.span = this.outer && tracer?.begin(this.outer, request, this.startedAt)
    if (this.span !== undefined) request.span = this.span
  }

  receive(response: ResponseMessage): void {
    const { failure } = response
    const outcome = failure === undefined ? completeness(response) : failureOutcome(failure)
    if (this.span !== undefined && failure === undefined && response.flows) this.tellAtEnd(this.span, outcome, response)
    else this.tell(outcome, failure, response)
    this.receiver.receive(response)
  }

  reject(error: unknown): void {
    this.tell(failureOutcome(error), error, undefined)
    this.receiver.reject(error)
  }

  /** Takes the span from the request: what comes after it is not part of it. */
  leave(): void {
    if (this.span !== undefined && this.request.span === this.span) this.request.span = this.outer
  }

  /** The pipe has done its work; its span is closed when the exchange is over, since the response may break off. */
  private tellAtEnd(span: Span, outcome: PipeOutcome, { status, raw }: ResponseMessage): void {
    const { exchange } = this.request
    const headAt = performance.now()
    this.leave()
    this.meter?.(headAt - this.startedAt, outcome, span)
    const response = { status, raw: raw.slice() }
    exchange.atEnd(() => {
      const error = exchange.cutBy
      const result =
        error === undefined ? { outcome, endedAt: headAt } : { outcome: failureOutcome(error), endedAt: performance.now() }
      this.tracer!.end(span, { ...result, needed: isNeeded(error), error, response })
    })
  }

  private tell(outcome: PipeOutcome, error: unknown, response: ResponseMessage | undefined): void {
    const { span, outer } = this
    const endedAt = performance.now()
    this.leave()
    this.meter?.(endedAt - this.startedAt, outcome, span ?? outer)
    if (span !== undefined) this.tracer!.end(span, { outcome, needed: isNeeded(error), error, response, endedAt })
  }
}

const completeness = (response: ResponseMessage): PipeOutcome => (response.complete === false ? 'incomplete' : 'complete')

/** What a failure counts as. */
export function failureOutcome(error: unknown): PipeOutcome {
  return error instanceof GatewayError && error.code === 'SLUICE_ERR_CLIENT_ABORTED' ? 'canceled' : 'failed'
}

/** False for what ends work that is not needed any more. */
export const isNeeded = (error: unknown): boolean => !(error instanceof NotNeeded)

/** One run of a stage. Its span stands on the request until the stage has settled. */
class StageRun {
  readonly startedAt = performance.now()
  /** ms spent further in */
  inside = 0
  /** What came from further in as a failure: it is none of the stage. */
  passed: unknown
  private readonly watch: StageWatch
  private readonly request: RequestMessage
  private readonly outer: Span | undefined
  private readonly span: Span | undefined

  constructor(watch: StageWatch, request: RequestMessage) {
    this.watch = watch
    this.request = request
    this.outer = request.span
    this.span = this.outer && watch.tracer?.begin(this.outer, this.startedAt)
    if (this.span !== undefined) request.span = this.span
  }

  /** What stands further in has settled, which was asked at `from`. */
  returned(from: number, error: unknown): void {
    this.inside += performance.now() - from
    this.passed = error
  }

  ended(error: unknown): void {
    const { watch, span, request } = this
    const endedAt = performance.now()
    watch.meter?.(Math.max(0, endedAt - this.startedAt - this.inside), error !== undefined && error !== this.passed)
    if (span === undefined) return
    if (request.span === span) request.span = this.outer
    watch.tracer!.end(span, error, endedAt)
  }
}

/** No observer measures the stage, and the exchange is not recorded. */
const isUnwatched = (watch: StageWatch, request: RequestMessage): boolean =>
  watch.meter === undefined && request.span === undefined

/** The two ends of one stage that is a function: how long it ran, less how long it waited for what stands further in. */
export class StageTimer {
  private readonly watch: StageWatch
  /** By request; by exchange for stages that pass another request on. */
  private readonly runs = new WeakMap<object, StageRun>()

  constructor(watch: StageWatch) {
    this.watch = watch
  }

  /** Around the stage. */
  outer(next: Next): Next {
    return given => {
      const request = internals(given)
      if (isUnwatched(this.watch, request)) return next(given)
      const run = new StageRun(this.watch, request)
      this.runs.set(request, run)
      this.runs.set(request.exchange, run)
      const answer = next(given)
      answer.then(
        () => run.ended(undefined),
        error => run.ended(error)
      )
      return answer
    }
  }

  /** Around what the stage calls. */
  inner(next: Next): Next {
    return given => {
      const request = internals(given)
      const run = isUnwatched(this.watch, request) ? undefined : this.runOf(request)
      if (run === undefined) return next(given)
      const from = performance.now()
      const answer = next(given)
      answer.then(
        () => run.returned(from, undefined),
        error => run.returned(from, error)
      )
      return answer
    }
  }

  private runOf(request: RequestMessage): StageRun | undefined {
    return this.runs.get(request) ?? this.runs.get(request.exchange)
  }
}

/** Makes a stage tell how long its runs took. */
export function timeStage(wrap: Wrap, watch: StageWatch): Wrap {
  return next => {
    const timer = new StageTimer(watch)
    return timer.outer(wrap(timer.inner(next)))
  }
}

/** As {@link timeStage} for a stage that needs no promises: it gets none. */
export function timeStepStage(direct: StepWrap, watch: StageWatch): StepWrap {
  return inner => {
    const runs = new WeakMap<RequestMessage, StageRun>()
    const inside: Step = {
      send(request, receiver) {
        const run = isUnwatched(watch, request) ? undefined : runs.get(request)
        inner.send(request, run === undefined ? receiver : new ReturnReceiver(run, receiver))
      }
    }
    const stage = direct(inside)
    return {
      send(request, receiver) {
        if (isUnwatched(watch, request)) return stage.send(request, receiver)
        const run = new StageRun(watch, request)
        runs.set(request, run)
        stage.send(request, new StageReceiver(run, receiver))
      }
    }
  }
}

/** Notes how long a stage waited for what stands further in. */
class ReturnReceiver implements ResponseReceiver {
  private readonly run: StageRun
  private readonly receiver: ResponseReceiver
  private readonly from = performance.now()

  constructor(run: StageRun, receiver: ResponseReceiver) {
    this.run = run
    this.receiver = receiver
  }

  receive(response: ResponseMessage): void {
    this.run.returned(this.from, undefined)
    this.receiver.receive(response)
  }

  reject(error: unknown): void {
    this.run.returned(this.from, error)
    this.receiver.reject(error)
  }
}

/** Ends the run of a stage. */
class StageReceiver implements ResponseReceiver {
  private readonly run: StageRun
  private readonly receiver: ResponseReceiver

  constructor(run: StageRun, receiver: ResponseReceiver) {
    this.run = run
    this.receiver = receiver
  }

  receive(response: ResponseMessage): void {
    this.run.ended(undefined)
    this.receiver.receive(response)
  }

  reject(error: unknown): void {
    this.run.ended(error)
    this.receiver.reject(error)
  }
}

/** Makes a function of a modifier tell how long it took. `requestOf` finds the request among its arguments. */
export function timeModifier<A extends unknown[], R>(
  work: (...values: A) => R,
  watch: StageWatch,
  requestOf: (...values: A) => GatewayRequest
): (...values: A) => R {
  return (...values) => {
    const request = internals(requestOf(...values))
    if (isUnwatched(watch, request)) return work(...values)
    const run = new StageRun(watch, request)
    try {
      const result = work(...values)
      if (result instanceof Promise) {
        result.then(
          () => run.ended(undefined),
          error => run.ended(error)
        )
        return result
      }
      run.ended(undefined)
      return result
    } catch (error) {
      run.ended(error)
      throw error
    }
  }
}
