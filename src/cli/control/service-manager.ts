/**
 * Tells systemd how the service is: ready, reloading, stopping, alive (`Type=notify`, `WatchdogSec=`; see sd_notify(3)).
 *
 * The messages go by systemd's own program `systemd-notify`: Node has no datagram sockets of the file system. So the unit needs
 * `NotifyAccess=all`. Without NOTIFY_SOCKET nothing happens.
 */

import { execFile } from 'node:child_process'

/** Runs `systemd-notify` with arguments. */
export type Notify = (args: readonly string[]) => void

const runProgram: Notify = args => {
  // a manager that cannot be told changes nothing for clients
  execFile('systemd-notify', args, { timeout: 5000 }, () => {})
}

export class ServiceManager {
  readonly #notify: Notify
  readonly #watchdogMs: number
  #watchdog: NodeJS.Timeout | undefined

  /** @returns undefined when no service manager listens */
  static from(env: NodeJS.ProcessEnv, pid: number, notify = runProgram): ServiceManager | undefined {
    if (!env['NOTIFY_SOCKET']) return undefined
    const isOurs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid)
    const micros = isOurs ? Number(env['WATCHDOG_USEC'] ?? 0) : 0
    return new ServiceManager(notify, Number.isFinite(micros) && micros > 0 ? micros / 1000 : 0)
  }

  /** @param watchdogMs time within which the manager wants a sign of life; 0 = none wanted */
  constructor(notify: Notify, watchdogMs: number) {
    this.#notify = notify
    this.#watchdogMs = watchdogMs
  }

  /** Requests are taken. From now on the watchdog is told that the event loop turns. */
  ready(status: string): void {
    this.#notify(['--ready', `--pid=${process.pid}`, `--status=${status}`])
    if (this.#watchdogMs === 0 || this.#watchdog !== undefined) return
    this.#watchdog = setInterval(() => this.#notify(['WATCHDOG=1']), this.#watchdogMs / 3)
    this.#watchdog.unref()
  }

  /** Shows a line in `systemctl status`. */
  status(text: string): void {
    this.#notify([`--status=${text}`])
  }

  stopping(): void {
    clearInterval(this.#watchdog)
    this.#notify(['STOPPING=1', '--status=finishing what is in flight'])
  }
}
