/** The table of commands and flags, from which parsing, hints and help follow. */

export interface Flag {
  readonly short?: string
  /** Name of the value in the help; undefined = a switch. A switch may be repeated. */
  readonly value?: string
  /** Values that shells offer. */
  readonly choices?: readonly string[]
  readonly text: string
}

export interface Command {
  readonly name: string
  readonly alias?: string
  /** What it does, in one line. */
  readonly text: string
  readonly flags: Readonly<Record<string, Flag>>
  /** Name of the arguments in the help; undefined = none are taken. */
  readonly operands?: string
  /** Arguments that shells offer; files when there are none. */
  readonly operandChoices?: readonly string[]
}

const config: Flag = { short: 'c', value: 'FILE', text: 'path to the configuration file; - is the standard input' }
const tolerant: Flag = { text: 'start wherever KrakenD would start: leave out what cannot be honoured' }
const all: Flag = { text: 'name every place of a finding, also of thousands' }
const help: Flag = { short: 'h', text: 'help for this command' }

/** KrakenD's switches; a file is tested for whatever it has without them. */
const pluginTypes: Readonly<Record<string, Flag>> = {
  server: { short: 's', text: 'it must be a server plugin' },
  client: { short: 'c', text: 'it must be a client plugin' },
  modifier: { short: 'm', text: 'it must be a modifier plugin' }
}

export const COMMANDS: readonly Command[] = [
  {
    name: 'run',
    text: 'Run the gateway',
    flags: {
      config: { ...config, text: 'path to the configuration file' },
      port: { short: 'p', value: 'PORT', text: 'listen on this port instead of the configured one' },
      debug: { short: 'd', text: 'enable the /__debug/ endpoint' },
      workers: {
        value: 'N|auto',
        choices: ['auto'],
        text: 'serve with N processes (auto: one per CPU); each has its own limits and caches'
      },
      watch: { short: 'w', text: 'reload when files of the configuration change' },
      verbose: { text: 'on a terminal: all lines of the log, as a file or a pipe gets them' },
      plain: { text: 'the same as --verbose' },
      tolerant,
      help
    }
  },
  {
    name: 'reload',
    text: 'Tell a running gateway to reload its configuration, and say what came of it',
    flags: {
      pid: { value: 'PID', text: 'the process id of the gateway; not needed where one runs' },
      roll: { text: 'with --workers: replace all workers by new ones, one by one' },
      help
    }
  },
  {
    name: 'check',
    alias: 'validate',
    text: 'Validate a configuration file',
    flags: {
      config,
      debug: { short: 'd', text: 'print what was understood; -dd and -ddd print more' },
      indent: { short: 'i', value: 'TEXT', text: 'indentation of what -d prints (default: a tab)' },
      lint: { short: 'l', text: 'check against the JSON schema too; warnings count as errors' },
      'lint-no-network': { short: 'n', text: 'the same as --lint, which needs no network' },
      'lint-schema': { short: 's', value: 'FILE', text: 'the same, against a JSON schema of your own' },
      all,
      'test-gin-routes': { short: 't', text: 'accepted for compatibility: routes are always tested' },
      tolerant,
      help
    }
  },
  {
    name: 'audit',
    text: 'Say what should be looked at in configurations before they serve: audit [FILE...]',
    flags: {
      config,
      ignore: { short: 'i', value: 'RULES', text: 'numbers of rules to leave out, separated by commas; 7.1.* for a section' },
      'ignore-file': { short: 'I', value: 'FILE', text: 'a file that lists rules to leave out, one a line' },
      severity: {
        short: 's',
        value: 'LIST',
        choices: ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'],
        text: 'severities to tell: CRITICAL,HIGH,MEDIUM,LOW (default: all)'
      },
      format: { short: 'f', value: 'TEMPLATE', text: "a Go template for the result, such as '{{ marshal . }}' for JSON" },
      help
    },
    operands: 'FILE...'
  },
  {
    name: 'pipes',
    text: 'Print the pipe of each endpoint, and which stages hold bodies',
    flags: {
      config,
      json: { text: 'print JSON' },
      mermaid: { text: 'print a Mermaid diagram' },
      dot: { text: 'print a graph for Graphviz' },
      html: { text: 'print a page with drawings, which stands alone' },
      tolerant,
      help
    }
  },
  {
    name: 'lua',
    text: 'Run a Lua script on a request and print what it did: lua [SOURCE...] FILE',
    flags: {
      request: { short: 'r', value: 'JSON', text: 'what the client sends: {"method", "path", "headers", "body"}' },
      response: { value: 'JSON', text: 'what the upstream responds with: {"status", "headers", "body"}' },
      mount: {
        short: 'm',
        value: 'MOUNT',
        choices: ['service', 'endpoint', 'proxy', 'backend'],
        text: 'where it stands: service, endpoint, proxy (default) or backend'
      },
      endpoint: { short: 'e', value: 'PATTERN', text: 'pattern of the path, for parameters: /users/{id}' },
      post: { text: 'run it on the response' },
      'skip-next': { text: 'do not ask the upstream' },
      'no-op': { text: 'at a pass-through endpoint' },
      'open-libs': { text: 'with all libraries (allow_open_libs)' },
      help
    },
    operands: 'FILE...'
  },
  {
    name: 'render',
    text: 'Print what a template of flexible configuration writes',
    flags: {
      config: { ...config, text: 'path to the template; FC_SETTINGS, FC_TEMPLATES and FC_PARTIALS name its folders' },
      out: { short: 'o', value: 'FILE', text: 'write to this file instead' },
      help
    }
  },
  {
    name: 'openapi',
    text: 'Write an OpenAPI document of the endpoints, or a configuration from one: openapi export -c FILE, openapi import FILE',
    flags: {
      config: { ...config, text: 'path to the configuration file (export)' },
      out: { short: 'o', value: 'FILE', text: 'write to this file instead; .yaml makes YAML' },
      audience: { short: 'a', value: 'NAMES', text: 'endpoints for these audiences alone, separated by commas (export)' },
      server: { short: 's', value: 'URL', text: 'where clients find the API (export)' },
      host: { value: 'URL', text: 'where the backend is, in place of the servers of the document (import)' },
      'jwk-url': { value: 'URL', text: 'the keys of the tokens that the document asks for (import)' },
      tolerant,
      all,
      help
    },
    operands: 'export|import [FILE]',
    operandChoices: ['export', 'import']
  },
  {
    name: 'migrate',
    text: 'Print a configuration of version 2 as version 3: migrate FILE',
    flags: { out: { short: 'o', value: 'FILE', text: 'write to this file instead' }, all, help },
    operands: 'FILE'
  },
  {
    name: 'demo',
    text: 'Serve a demonstration with a built-in upstream',
    flags: { port: { short: 'p', value: 'PORT', text: 'listen on this port' }, help }
  },
  {
    name: 'plugin',
    text: 'Create a plugin with a test: plugin new NAME; compile Go plugins of KrakenD: plugin build DIR...',
    flags: {
      out: { short: 'o', value: 'PATH', text: 'build: the file to write, or its folder (default: beside the source)' },
      tags: { value: 'LIST', text: 'build: tags for Go, separated by commas' },
      go: { value: 'PATH', text: 'build: the go command (default: go)' },
      kind: { value: 'KIND', choices: ['handler', 'client', 'modifier'], text: 'handler (default), client or modifier' },
      ts: { text: 'in TypeScript' },
      help
    },
    operands: 'new NAME | build DIR...',
    operandChoices: ['new', 'build']
  },
  {
    name: 'test-plugin',
    text: 'Load plugins and say which of them work',
    flags: {
      ...pluginTypes,
      aborts: { text: 'run each of them in a gateway too and break exchanges off at every stage' },
      options: { value: 'FILE', text: 'their options for --aborts: a JSON object by name' },
      help
    },
    operands: 'FILE...'
  },
  {
    name: 'check-plugin',
    text: 'Say which symbols, names and interface version plugins have',
    flags: { ...pluginTypes, help },
    operands: 'FILE...'
  },
  {
    name: 'completion',
    text: 'Print a script that completes commands and flags: completion bash|zsh|fish',
    flags: { help },
    operands: 'SHELL',
    operandChoices: ['bash', 'zsh', 'fish']
  },
  { name: 'version', text: 'Print the version', flags: { help } },
  {
    name: 'help',
    text: 'Help for any command',
    flags: { man: { text: 'print the manual page, in roff' }, help },
    operands: 'command'
  }
]

export function findCommand(name: string): Command | undefined {
  return COMMANDS.find(c => c.name === name || c.alias === name)
}
