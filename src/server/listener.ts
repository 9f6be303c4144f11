/**
 * The listener: one port and what is spoken on it. In: the server part of a configuration and a handler. Out: requests whose head is
 * valid, within limits and timeouts. A changed configuration keeps the port open where it can; at the end the listener stops
 * accepting, lets what runs finish and cuts the rest. No error on a connection ends the process.
 */

import type { Socket } from 'node:net'
import type { ServerConfig, ServerTlsConfig } from '../config/types.js'
import type { CertificateFacts } from '../telemetry/gateway-state.js'
import { CertificateWatch, type ReadTls, readTls } from './certificate-watch.js'
import type { ClientErrorInfo } from './client-error.js'
import { DescriptorWatch, type Shortage } from './descriptor-watch.js'
import { type Door, isSamePlace, openDoor, type Place } from './door.js'
import { Front, type FrontHooks } from './front.js'
import type { RequestHandler } from './http1.js'
import type { LoadedTls } from './server-tls.js'
import type { UpgradeCheck } from './upgrade.js'

/** What of a configuration a listener reads. */
export interface ListenerSettings extends Place {
  readonly server: ServerConfig
}

export interface ListenerOptions extends ListenerSettings {
  /** Says which requests may end in a tunnel; without it, or when it returns false, they are served as ordinary ones. */
  readonly mayUpgrade?: UpgradeCheck
  /** Called for requests and connections that the listener ended by itself. */
  readonly onClientError?: (info: ClientErrorInfo) => void
  /** Called for errors of the listening socket and errors that the handler threw; the listener goes on. */
  readonly onError?: (error: unknown) => void
  /** Called when new connections cannot be accepted for want of file descriptors, and when they can be again. */
  readonly onShortage?: (shortage: Shortage) => void
  /** Called with the certificates that are in use, whenever they were read; an empty list without TLS. */
  readonly onCertificates?: (certificates: readonly CertificateFacts[]) => void
  /** Called once for changed files of TLS that cannot be used; those before them stay in use. */
  readonly onCertificateError?: (error: Error) => void
  /** ms between two looks at the files of TLS. Default 2,000. */
  readonly tlsWatchMs?: number
}

/** New settings that are ready to be used. */
export interface ListenerChange {
  /** Uses them. */
  commit(): void
  undo(): Promise<void>
}

export interface Listener {
  /**
   * Opens the port; TLS files are read and checked first.
   * @throws GatewayError SLUICE_ERR_CONFIG_LISTEN
   */
  listen(): Promise<{ address: string; port: number }>
  /**
   * Prepares other settings: reads TLS files again, opens a changed port. Nothing that is open changes before `commit`.
   * @throws GatewayError SLUICE_ERR_CONFIG_LISTEN
   */
  change(settings: ListenerSettings): Promise<ListenerChange>
  /** Where it listens. */
  readonly bound: { readonly address: string; readonly port: number } | undefined
  /**
   * Stops accepting at once, ends idle connections, lets running exchanges finish with `Connection: close`. Resolves to true when
   * all is done, to false when `graceMs` (0 = no limit) passed first and the rest was cut. Tunnels do not end by themselves: they
   * are cut when the grace is over or, without one, with the last exchange. They count as done.
   * @param lastRequestMs ms in which each open connection may bring one more request, before; 0 = none
   */
  drain(graceMs: number, lastRequestMs?: number): Promise<boolean>
  /** Cuts everything. */
  destroy(): void
  /** Open connections, tunnels included. */
  readonly connections: number
}

/** Creates a listener; nothing is opened before {@link Listener.listen}. The handler may throw: the client gets a 500. */
export function createListener(options: ListenerOptions, onRequest: RequestHandler): Listener {
  return new GatewayListener(options, onRequest)
}

const TLS_WATCH_MS = 2_000
const DESCRIPTOR_WATCH_MS = 250

const ignore = (): void => {}

class GatewayListener implements Listener {
  private readonly options: ListenerOptions
  private readonly hooks: FrontHooks
  private settings: ListenerSettings
  private door: Door | undefined
  private front: Front | undefined
  /** Fronts that were replaced and still have connections. */
  private readonly retired = new Set<Front>()
  private readonly watch: CertificateWatch
  private descriptors: DescriptorWatch | undefined
  private ended = false

  constructor(options: ListenerOptions, onRequest: RequestHandler) {
    const { mayUpgrade, onClientError = ignore, onError = ignore } = options
    this.options = options
    this.settings = options
    this.hooks = { onRequest, mayUpgrade, onClientError, onError }
    this.watch = new CertificateWatch({
      everyMs: options.tlsWatchMs ?? TLS_WATCH_MS,
      changed: (loaded, authorities) => this.takeCertificates(loaded, authorities),
      failed: error => options.onCertificateError?.(error)
    })
  }

  get connections(): number {
    return [...this.fronts()].reduce((sum, front) => sum + front.connections, 0)
  }

  get bound(): Door | undefined {
    return this.door
  }

  async listen(): Promise<{ address: string; port: number }> {
    const { server } = this.settings
    const read = await readTls(server.tls)
    this.front = new Front(server, read?.loaded, this.hooks)
    try {
      this.door = await this.open(this.settings)
    } catch (error) {
      this.front.destroy()
      throw error
    }
    this.useCertificates(read)
    this.descriptors = new DescriptorWatch({
      everyMs: DESCRIPTOR_WATCH_MS,
      changed: shortage => this.options.onShortage?.(shortage),
      relieve: () => {
        for (const front of this.fronts()) front.endIdle()
      }
    })
    const { address, port } = this.door
    return { address, port }
  }

  private open(place: Place): Promise<Door> {
    return openDoor(place, socket => this.accept(socket), this.hooks.onError)
  }

  private accept(socket: Socket): void {
    this.front!.accept(socket)
  }

  async change(settings: ListenerSettings): Promise<ListenerChange> {
    const before = this.settings
    const read = await readTls(settings.server.tls)
    const moves = !isSamePlace(before, settings)
    const door = moves ? await this.openBeside(settings) : undefined
    const front =
      moves || needsFront(before.server, settings.server) ? new Front(settings.server, read?.loaded, this.hooks) : undefined
    const undo = async (): Promise<void> => {
      front?.destroy()
      await door?.close()
    }
    return {
      undo,
      commit: () => {
        if (this.ended) return void undo()
        this.settings = settings
        if (door !== undefined) {
          void this.door!.close()
          this.door = door
        }
        if (front !== undefined) this.replaceFront(front, before.server, asksOtherwise(before.server.tls, settings.server.tls))
        else if (read !== undefined) this.front!.useTls(read.loaded)
        this.useCertificates(read)
      }
    }
  }

  /** Opens another port while the current one is open; where they overlap (`0.0.0.0:80`, `127.0.0.1:80`), in its place. */
  private async openBeside(settings: ListenerSettings): Promise<Door> {
    try {
      return await this.open(settings)
    } catch (error) {
      if (settings.port === 0 || settings.port !== this.door!.port) throw error
      await this.door!.close()
      return this.open(settings).catch(async () => {
        this.door = await this.open({ ...this.settings, port: this.door!.port })
        throw error
      })
    }
  }

  /** @param strict true: no further request on the connections that are open */
  private replaceFront(front: Front, { maxShutdownWaitMs }: ServerConfig, strict: boolean): void {
    const old = this.front!
    this.front = front
    this.retired.add(old)
    old.retire()
    // an idle connection is not closed before its idle timeout: its client may be sending the next request
    void (strict ? Promise.resolve() : old.lastRequests(maxShutdownWaitMs))
      .then(() => old.finish(maxShutdownWaitMs, true))
      .then(() => this.retired.delete(old))
  }

  private useCertificates(read: ReadTls | undefined): void {
    this.watch.use(read)
    this.options.onCertificates?.(read?.loaded.certificates ?? [])
  }

  /** Files of TLS have changed. @param authorities true when those of clients' certificates are among them */
  private takeCertificates(loaded: LoadedTls, authorities: boolean): void {
    const { server } = this.settings
    if (authorities) this.replaceFront(new Front(server, loaded, this.hooks), server, true)
    else this.front!.useTls(loaded)
    this.options.onCertificates?.(loaded.certificates)
  }

  private fronts(): Set<Front> {
    return new Set(this.front === undefined ? this.retired : [...this.retired, this.front])
  }

  private end(): void {
    this.ended = true
    this.watch.stop()
    this.descriptors?.stop()
    void this.door?.close()
  }

  async drain(graceMs: number, lastRequestMs = 0): Promise<boolean> {
    this.end()
    const finish = async (front: Front): Promise<boolean> => {
      if (lastRequestMs > 0) await front.lastRequests(lastRequestMs)
      return front.finish(graceMs)
    }
    const ends = await Promise.all([...this.fronts()].map(finish))
    return ends.every(Boolean)
  }

  destroy(): void {
    this.end()
    for (const front of this.fronts()) front.destroy()
  }
}

/** True when a front for `old` cannot serve as `young` says; certificates, versions and ciphers can be exchanged. */
function needsFront(old: ServerConfig, young: ServerConfig): boolean {
  return JSON.stringify(fixedPart(old)) !== JSON.stringify(fixedPart(young)) || asksOtherwise(old.tls, young.tls)
}

function fixedPart({ maxShutdownWaitMs, tls, ...rest }: ServerConfig): object {
  return { ...rest, encrypted: tls !== undefined }
}

/** True when clients must prove otherwise who they are. */
function asksOtherwise(old: ServerTlsConfig | undefined, young: ServerTlsConfig | undefined): boolean {
  const asked = (tls: ServerTlsConfig | undefined): string =>
    tls?.enableMtls === true ? JSON.stringify([tls.caCerts, tls.disableSystemCaPool]) : ''
  return (old === undefined) !== (young === undefined) || asked(old) !== asked(young)
}
