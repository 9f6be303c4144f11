/** A process that serves a scripted gateway: `served.ts <scenario> <arguments>`. */

import { main } from '../../src/cli/main.js'
import { type Script, scriptedGateway } from './scripted-gateway.js'

const [scenario, ...argv] = process.argv.slice(2)
const say = (text: string): boolean => process.stderr.write(`${text}\n`)
// Holds the process as a listener would.
const listening = setInterval(() => {}, 1000)

const scripts: Record<string, Script> = {
  drains: { onListening: () => say('listening') },
  slow: {
    maxShutdownWaitMs: 1234,
    onListening: () => say('listening'),
    close: async () => false
  },
  hangs: {
    onListening: () => say('listening'),
    close: () => {
      say('closing')
      return new Promise(() => {})
    }
  },
  broken: { onListening: () => say('listening'), closeFails: new Error('cannot close') },
  throws: {
    onListening: () => {
      setImmediate(() => say('listening'))
      Promise.reject(new Error('late rejection'))
      setImmediate(() => {
        throw 'thrown text'
      })
    }
  }
}

const gateway = scriptedGateway(scripts[scenario!]!, [])
const code = await main(argv, {
  loadGateway: async () => gateway,
  loadDemo: async () => ({
    runDemo: async () => {
      const demo = await gateway.createGateway('demo', {})
      await demo.listen()
      return demo
    }
  })
})
clearInterval(listening)
process.exit(code)
