import type { ServiceConfig } from '../config/types.js'
import type { AdminServer } from './admin-server.js'
import { send } from './send.js'

/** Serves what `sluice openapi export` prints of the configuration in force; it is written when it is first asked for. */
export function addOpenApi(server: AdminServer, config: ServiceConfig): void {
  let text: string | undefined
  server.route('/__sluice/openapi.json', {
    methods: ['GET'],
    async handle(_, res) {
      if (text === undefined) {
        const { exportOpenApi } = await import('../openapi/export/export.js')
        text = `${JSON.stringify(exportOpenApi(config).document, null, 2)}\n`
      }
      send(res, 200, 'application/json; charset=utf-8', text)
    }
  })
}
