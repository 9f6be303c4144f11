import { internals } from '../../message/internals.js'
import type { GatewayResponse } from '../../message/public.js'
import type { RequestMessage } from '../../message/request.js'
import type { ResponseReceiver } from '../../pipe/receiver.js'
import { type Step, StepReceiver, type StepWrap, type Work, WorkStep } from '../../pipe/step.js'
import type { SlottedEdit } from '../component.js'
import { AskingStep } from './asking-step.js'

/** Puts the two halves of a component's edit around a step. */
export function aroundByEdit(edit: SlottedEdit): StepWrap {
  const { response } = edit
  const work: Work | undefined = response && ((given, request) => internals(response.call(edit, given, request)))
  return inner => {
    const answered = work === undefined ? inner : new WorkStep(inner, work)
    return edit.request === undefined ? answered : new RequestEditStep(edit.request.bind(edit), work, answered)
  }
}

/** Edits requests. A response that the edit returns stands for that of the inner step, without its `work` being left out. */
class RequestEditStep extends AskingStep<GatewayResponse | undefined> {
  private readonly work: Work | undefined

  constructor(edit: NonNullable<SlottedEdit['request']>, work: Work | undefined, inner: Step) {
    super(edit, inner)
    this.work = work
  }

  protected override goOn(made: GatewayResponse | undefined, request: RequestMessage, receiver: ResponseReceiver): void {
    const { work } = this
    if (made === undefined) this.inner.send(request, receiver)
    else if (work === undefined) receiver.receive(internals(made))
    else new StepReceiver(work, request, receiver).receive(internals(made))
  }
}
