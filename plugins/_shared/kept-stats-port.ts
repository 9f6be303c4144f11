import type { Server } from 'node:http'
import type { ComponentContext } from 'sluice/plugin'
import { closeStatsListener, openStatsListener, type StatsPage } from './stats-listener.js'

/** A port that outlives a configuration: it shows the page of the one that came last and is still in force. */
class StatsPort {
  private readonly host: string
  private readonly port: number
  private readonly pages: StatsPage[] = []
  private opened: Promise<Server> | undefined

  constructor(host: string, port: number) {
    this.host = host
    this.port = port
  }

  async show(page: StatsPage): Promise<{ readonly server: Server; readonly leave: () => void }> {
    const leave = (): void => void this.pages.splice(this.pages.indexOf(page), 1)
    this.pages.push(page)
    this.opened ??= openStatsListener(this.host, this.port, {
      path: page.path,
      contentType: page.contentType,
      render: () => this.pages.at(-1)?.render() ?? '',
      failed: error => this.pages.at(-1)?.failed(error)
    })
    try {
      return { server: await this.opened, leave }
    } catch (error) {
      this.opened = undefined
      leave()
      throw error
    }
  }

  async close(): Promise<void> {
    const server = await this.opened?.catch(() => undefined)
    if (server !== undefined) await closeStatsListener(server)
  }
}

/** Where a page is shown. */
export interface StatsPlace {
  readonly host: string
  readonly port: number
  /** The option that names the port: it stops the start, or the reload, where the port cannot be opened. */
  readonly pointer?: string
}

/**
 * Shows a page on a port of its own, which stays open over a new configuration that wants the same. Called in `onListen`.
 * @param namespace of the component
 * @returns the port
 * @throws Error when it cannot be opened; a ConfigError for a place with a `pointer`
 */
export async function showStats(
  context: ComponentContext,
  namespace: string,
  { host, port, pointer }: StatsPlace,
  page: StatsPage
): Promise<number> {
  const kept = context.keep(`${namespace} port ${host}:${port} ${page.path}`, () => new StatsPort(host, port))
  const { server, leave } = await kept.show(page).catch((cause: Error) => {
    if (pointer === undefined) throw cause
    return context.fail(pointer, `the port cannot be opened: ${cause.message}`)
  })
  context.onClose(leave)
  return (server.address() as { port: number }).port
}
