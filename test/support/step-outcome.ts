/** What comes of one request that is sent through a step around another one. */

import { internals } from '../../src/message/internals.js'
import type { RequestMessage } from '../../src/message/request.js'
import type { ResponseMessage } from '../../src/message/response.js'
import type { Step, StepWrap } from '../../src/pipe/step.js'
import { GatewayResponse } from '../../src/plugin/index.js'
import { requestOf } from './request.js'

export interface Outcome {
  /** The status, or the message of the failure. */
  readonly told: string
  /** The outcome came before `send` returned. */
  readonly sameTurn: boolean
  /** How often the inner step was reached. */
  readonly sent: number
}

/** Sends one request through a step around one that answers 200, or fails. */
export async function outcomeOf(wrap: StepWrap, failure?: Error): Promise<Outcome> {
  let sent = 0
  const inner: Step = {
    send(_request, receiver) {
      sent++
      if (failure === undefined) receiver.receive(internals(new GatewayResponse(200)))
      else receiver.reject(failure)
    }
  }
  const told: string[] = []
  const ended = new Promise<void>(resolve => {
    const end = (text: string): void => {
      told.push(text)
      resolve()
    }
    wrap(inner).send(internals(requestOf()) as RequestMessage, {
      receive: (response: ResponseMessage) => end(String(response.status)),
      reject: (error: unknown) => end((error as Error).message)
    })
  })
  const sameTurn = told.length > 0
  await ended
  return { told: told.join(), sameTurn, sent }
}
