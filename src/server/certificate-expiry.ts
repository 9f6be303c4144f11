import type { CertificateFacts } from '../telemetry/gateway-state.js'
import type { Logger } from '../telemetry/logger.js'

const DAY_MS = 86_400_000
/** So many days before its end a certificate is told of. */
const WARN_DAYS = 14

/** Tells the log of certificates that end soon: when they are read, and then once a day. */
export class CertificateExpiry {
  private readonly logger: () => Logger
  private readonly now: () => number
  private certificates: readonly CertificateFacts[] = []
  private timer: NodeJS.Timeout | undefined

  /** @param logger the one in force at each time */
  constructor(logger: () => Logger, now: () => number = Date.now) {
    this.logger = logger
    this.now = now
  }

  /** Watches these; tells of them now, unless they are those that it watches already. */
  use(certificates: readonly CertificateFacts[]): void {
    if (JSON.stringify(certificates) === JSON.stringify(this.certificates)) return
    this.certificates = certificates
    clearInterval(this.timer)
    this.timer = certificates.length === 0 ? undefined : setInterval(() => this.tell(), DAY_MS).unref()
    this.tell()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Called once a day. */
  tell(): void {
    for (const { file, names, notAfter } of this.certificates) {
      const days = (notAfter - this.now()) / DAY_MS
      const which = `[SERVICE: TLS] The certificate ${file}${names.length === 0 ? '' : ` (${names.join(', ')})`}`
      const end = new Date(notAfter).toISOString()
      if (days < 0) this.logger().error(`${which} has expired: ${end}`)
      else if (days < WARN_DAYS) this.logger().warning(`${which} expires in ${Math.floor(days)} days: ${end}`)
    }
  }
}
