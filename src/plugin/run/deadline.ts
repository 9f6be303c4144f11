import { GatewayError } from '../../errors.js'
import { UnansweredWork } from '../../message/blame.js'
import { internals } from '../../message/internals.js'
import type { RequestMessage } from '../../message/request.js'
import type { ResponseMessage } from '../../message/response.js'
import type { Wrap } from '../../pipe/next.js'
import { Deadline, deadlines } from '../../telemetry/timer-wheel.js'
import type { Absorb } from './chain.js'

/** `"timeout"` of the service's `plugin/http-server`: when it passes, the gateway sends a response even if the plugins have returned none. */
export function withServiceDeadline(chain: Wrap, timeoutMs: number, absorb: Absorb): Wrap {
  return next => {
    const run = chain(next)
    return request => new Timed(internals(request), timeoutMs, absorb).start(internals(run(request)))
  }
}

class Timed extends Deadline {
  private readonly request: RequestMessage
  private readonly timeoutMs: number
  private readonly absorb: Absorb
  private resolve!: (response: ResponseMessage) => void
  private over = false

  constructor(request: RequestMessage, timeoutMs: number, absorb: Absorb) {
    super()
    this.request = request
    this.timeoutMs = timeoutMs
    this.absorb = absorb
  }

  start(answer: Promise<ResponseMessage>): Promise<ResponseMessage> {
    deadlines.schedule(this, this.timeoutMs)
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      answer.then(
        response => {
          if (this.over) return response.discard()
          this.settle()
          resolve(response)
        },
        error => {
          if (this.over) return
          this.settle()
          reject(error)
        }
      )
    })
  }

  private settle(): void {
    this.over = true
    deadlines.cancel(this)
  }

  override fire(): void {
    if (this.over) return
    this.over = true
    const limit = `plugin/http-server.timeout=${this.timeoutMs}ms`
    UnansweredWork.nameLate(this.request.exchange, limit)
    const error = new GatewayError('SLUICE_ERR_PLUGIN_TIMEOUT', { limit })
    this.resolve(this.absorb(error, this.request))
  }
}
