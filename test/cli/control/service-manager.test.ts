import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { ServiceManager } from '../../../src/cli/control/service-manager.js'

function managerWith(env: NodeJS.ProcessEnv): { manager: ServiceManager | undefined; told: string[] } {
  const told: string[] = []
  return { manager: ServiceManager.from(env, 42, args => void told.push(args.join(' '))), told }
}

test('without a socket there is no service manager', () => {
  assert.equal(managerWith({}).manager, undefined)
  assert.equal(managerWith({ NOTIFY_SOCKET: '' }).manager, undefined)
})

test('it is told when requests are taken and when the gateway stops', () => {
  const { manager, told } = managerWith({ NOTIFY_SOCKET: '/run/x' })
  manager!.ready('port 8080')
  manager!.status('reloaded')
  manager!.stopping()
  assert.deepEqual(told, [
    `--ready --pid=${process.pid} --status=port 8080`,
    '--status=reloaded',
    'STOPPING=1 --status=finishing what is in flight'
  ])
})

test('the watchdog hears thrice in its time, from ready to stopping', () => {
  mock.timers.enable({ apis: ['setInterval'] })
  try {
    const { manager, told } = managerWith({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '3000000', WATCHDOG_PID: '42' })
    mock.timers.tick(5000)
    manager!.ready('')
    mock.timers.tick(3000)
    assert.equal(told.filter(one => one === 'WATCHDOG=1').length, 3)
    manager!.stopping()
    mock.timers.tick(9000)
    assert.equal(told.filter(one => one === 'WATCHDOG=1').length, 3)
  } finally {
    mock.timers.reset()
  }
})

test('the watchdog of another process is none of ours', () => {
  mock.timers.enable({ apis: ['setInterval'] })
  try {
    const { manager, told } = managerWith({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '3000000', WATCHDOG_PID: '7' })
    manager!.ready('')
    mock.timers.tick(9000)
    assert.equal(told.length, 1)
  } finally {
    mock.timers.reset()
  }
})
