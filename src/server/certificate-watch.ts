/** Looks after the files of TLS while a listener is open: takes new certificates over, keeps the old ones where the new are broken. */

import type { ServerTlsConfig } from '../config/types.js'
import { FileWatch, type Prints, printsOf } from '../files/file-watch.js'
import { type LoadedTls, loadTls } from './server-tls.js'

/** Files of TLS that were read. */
export interface ReadTls {
  readonly config: ServerTlsConfig
  readonly loaded: LoadedTls
  /** What the files looked like before. */
  readonly prints: Prints
}

/** Reads the files that `config` names. @throws GatewayError SLUICE_ERR_CONFIG_LISTEN */
export async function readTls(config: ServerTlsConfig): Promise<ReadTls>
export async function readTls(config: ServerTlsConfig | undefined): Promise<ReadTls | undefined>
export async function readTls(config: ServerTlsConfig | undefined): Promise<ReadTls | undefined> {
  if (config === undefined) return undefined
  const prints = await printsOf(filesOf(config))
  return { config, loaded: await loadTls(config), prints }
}

export interface CertificateWatchOptions {
  /** ms between two looks. */
  readonly everyMs: number
  /** Called with what the changed files hold. @param authorities true when those of clients' certificates are among them */
  readonly changed: (loaded: LoadedTls, authorities: boolean) => void
  /** Called once for files that cannot be used. */
  readonly failed: (error: Error) => void
}

export class CertificateWatch {
  private readonly options: CertificateWatchOptions
  private watch: FileWatch | undefined

  constructor(options: CertificateWatchOptions) {
    this.options = options
  }

  /** These files are in use; without them there is nothing to look at. */
  use(read: ReadTls | undefined): void {
    this.stop()
    if (read === undefined) return
    const { config } = read
    /** Changed since a whole set of files was taken over. */
    const changed = new Set<string>()
    const watch = new FileWatch({
      paths: () => filesOf(config),
      everyMs: this.options.everyMs,
      onChange: files => {
        for (const file of files) changed.add(file)
        void this.read(config, watch, changed)
      }
    })
    this.watch = watch
    watch.start(read.prints)
  }

  stop(): void {
    this.watch?.stop()
    this.watch = undefined
  }

  private async read(config: ServerTlsConfig, watch: FileWatch, changed: Set<string>): Promise<void> {
    try {
      const loaded = await loadTls(config)
      if (this.watch !== watch) return
      const authorities = config.enableMtls && config.caCerts.some(file => changed.has(file))
      changed.clear()
      this.options.changed(loaded, authorities)
    } catch (error) {
      if (this.watch === watch) this.options.failed(error as Error)
    }
  }
}

function filesOf({ keys, caCerts, enableMtls }: ServerTlsConfig): string[] {
  return [...keys.flatMap(({ publicKey, privateKey }) => [publicKey, privateKey]), ...(enableMtls ? caCerts : [])]
}
