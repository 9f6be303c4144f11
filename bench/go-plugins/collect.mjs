/** Loaded into a gateway whose growth is measured: a full collection of garbage when the process is told to go on (SIGCONT). */
import v8 from 'node:v8'
import vm from 'node:vm'

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc')
process.on('SIGCONT', () => collect())
