/** Measures pipes and stages for observers. Without an observer none of this runs. */

import { GatewayError } from '../errors.js'
import { internals } from '../message/internals.js'
import type { RequestMessage } from '../message/request.js'
import type { ResponseMessage } from '../message/response.js'
import type { PipeMeter, PipeOutcome, StageMeter } from '../telemetry/observer.js'
import type { Layer } from './layer.js'
import type { Next, Wrap } from './next.js'
import type { ResponseReceiver } from './receiver.js'
import type { Step } from './step.js'

/** Tells `meter` how long the pipe within takes, and what comes of it. It describes no stage: measuring a pipe does not change its shape. */
export function meterLayer(meter: PipeMeter | undefined): Layer | undefined {
  return meter && { wrap: inner => new MeteredStep(inner, meter), stages: [] }
}

class MeteredStep implements Step {
  private readonly inner: Step
  private readonly meter: PipeMeter

  constructor(inner: Step, meter: PipeMeter) {
    this.inner = inner
    this.meter = meter
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    this.inner.send(request, new MeteredReceiver(this.meter, receiver))
  }
}

/** One run of a measured pipe. */
export class MeteredReceiver implements ResponseReceiver {
  private readonly meter: PipeMeter
  private readonly receiver: ResponseReceiver
  private readonly startedAt = performance.now()

  constructor(meter: PipeMeter, receiver: ResponseReceiver) {
    this.meter = meter
    this.receiver = receiver
  }

  receive(response: ResponseMessage): void {
    this.meter(performance.now() - this.startedAt, outcomeOf(response))
    this.receiver.receive(response)
  }

  reject(error: unknown): void {
    this.meter(performance.now() - this.startedAt, failureOutcome(error))
    this.receiver.reject(error)
  }
}

function outcomeOf(response: ResponseMessage): PipeOutcome {
  if (response.failure !== undefined) return failureOutcome(response.failure)
  return response.complete === false ? 'incomplete' : 'complete'
}

/** What a failure counts as. */
export function failureOutcome(error: unknown): PipeOutcome {
  return error instanceof GatewayError && error.code === 'SLUICE_ERR_CLIENT_ABORTED' ? 'canceled' : 'failed'
}

/** One run of a stage. */
interface Run {
  readonly startedAt: number
  /** ms spent further in */
  inside: number
}

/** The two ends of one stage: how long it ran, less how long it waited for what stands further in. */
export class StageTimer {
  private readonly meter: StageMeter
  /** By request; by exchange for stages that pass another request on. */
  private readonly runs = new WeakMap<object, Run>()

  constructor(meter: StageMeter) {
    this.meter = meter
  }

  /** Around the stage. */
  outer(next: Next): Next {
    return request => {
      const run: Run = { startedAt: performance.now(), inside: 0 }
      this.runs.set(request, run)
      this.runs.set(internals(request).exchange, run)
      const answer = next(request)
      const ended = (): void => this.meter(Math.max(0, performance.now() - run.startedAt - run.inside))
      answer.then(ended, ended)
      return answer
    }
  }

  /** Around what the stage calls. */
  inner(next: Next): Next {
    return request => {
      const run = this.runOf(internals(request))
      if (run === undefined) return next(request)
      const from = performance.now()
      const answer = next(request)
      const back = (): void => {
        run.inside += performance.now() - from
      }
      answer.then(back, back)
      return answer
    }
  }

  private runOf(request: RequestMessage): Run | undefined {
    return this.runs.get(request) ?? this.runs.get(request.exchange)
  }
}

/** Makes a stage tell how long its runs took. */
export function timeStage(wrap: Wrap, meter: StageMeter): Wrap {
  return next => {
    const timer = new StageTimer(meter)
    return timer.outer(wrap(timer.inner(next)))
  }
}

/** Makes a function of a modifier tell how long it took. */
export function timeModifier<A extends unknown[], R>(work: (...values: A) => R, meter: StageMeter): (...values: A) => R {
  return (...values) => {
    const from = performance.now()
    const ended = (): void => meter(performance.now() - from)
    try {
      const result = work(...values)
      if (result instanceof Promise) {
        result.then(ended, ended)
        return result
      }
      ended()
      return result
    } catch (error) {
      ended()
      throw error
    }
  }
}
