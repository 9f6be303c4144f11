/** The test kit for plugins, `sluice/plugin/testing`. A gateway in production never loads it. */

export type { AbortStage } from './abort-stages.js'
export {
  type TestAnswer,
  type TestedPlugin,
  type TestPluginOptions,
  type TestRequest,
  testPlugin
} from './test-plugin.js'
export type { UpstreamAnswer, UpstreamSeen } from './upstream.js'
