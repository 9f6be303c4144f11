#!/usr/bin/env node
/**
 * The command `sluice`.
 *
 * Job: find the command, run it, leave with its exit code. That is 0 only on success, 1 for a fault in a configuration or the
 * start, 2 for a wrong command line. It is 128 + n when a second signal n forces the end. In: arguments. Out: results on the standard
 * output, errors on the standard error output. Each command is loaded only when it is called.
 */

import { main } from './cli/main.js'

process.exit(await main(process.argv.slice(2)))
