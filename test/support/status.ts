/** What tests read of the admin port of a gateway. */

import type { ComponentReport, StatusReport } from '../../src/admin/status/report.js'
import type { OpenGateway } from './open-gateway.js'
import { fetch } from './waiting.js'

/** Where the admin port of a gateway is. */
export async function adminOf({ log }: Pick<OpenGateway, 'log'>): Promise<string> {
  return `http://127.0.0.1:${/port: (\d+)$/.exec(await log.line(/Admin\] Listening/))![1]}`
}

/** The states that a component shows now, in the order of the configuration. */
export async function factsOf(open: Pick<OpenGateway, 'log'>, component: string): Promise<ComponentReport['facts'][]> {
  const response = await fetch(`${await adminOf(open)}/__sluice/status.json`)
  const { components } = (await response.json()) as StatusReport
  return components.filter(one => one.component === component).map(({ facts }) => facts)
}
