/**
 * Prints descriptions of pipes as one page that stands alone: a drawing for each endpoint, coloured by what its stages hold, and the same
 * as text. No script; the policy of the page allows its own style and nothing else.
 */

import { createHash } from 'node:crypto'
import { type Chart, type ChartNode, layOut } from './chart-layout.js'
import type { PipeDescription } from './description.js'
import { formatPipes } from './print.js'
import { spellHidden } from './spell-hidden.js'

/** Measures of a drawing, in units of the page. */
const CHAR = 7.3
const HEIGHT = 54
const GAP_X = 26
const GAP_Y = 16
const PADDING = 9
const MOST_CHARS = 46
const LEAST_WIDTH = 64

const HOLDS = { no: '', may: 'may hold the body', yes: 'holds the body' } as const

const STYLE = `
:root { color-scheme: light dark; --ground: #fbfcfd; --text: #16202a; --quiet: #4c5a68; --line: #7c8a98;
  --no: #ddeefb; --may: #fff3c4; --yes: #fddcb5; --bare: #ffffff; --no-line: #0a4680; --may-line: #7a5a00; --yes-line: #8a3b00; }
@media (prefers-color-scheme: dark) { :root { --ground: #10161c; --text: #e6edf3; --quiet: #a5b3c0; --line: #8494a3;
  --no: #12314d; --may: #463a0d; --yes: #54300c; --bare: #1d2630; --no-line: #7cbcff; --may-line: #f2d35e; --yes-line: #ffb065; } }
body { margin: 0 auto; padding: 1rem; background: var(--ground); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 1.75rem 0 .25rem; overflow-wrap: anywhere; }
h2 small, figcaption { color: var(--quiet); font-weight: 400; } a { color: var(--no-line); }
figure { margin: 0; overflow-x: auto; } svg { display: block; } nav ul { columns: 18rem; padding-left: 1.2rem; overflow-wrap: anywhere; }
text { font: 12px ui-monospace, monospace; fill: var(--text); } text.small { font-size: 11px; fill: var(--quiet); }
rect, ellipse { fill: var(--bare); stroke: var(--line); } path { fill: none; stroke: var(--line); }
marker path { fill: var(--line); stroke: none; }
.no rect { fill: var(--no); stroke: var(--no-line); } .may rect { fill: var(--may); stroke: var(--may-line); stroke-dasharray: 5 3; }
.yes rect { fill: var(--yes); stroke: var(--yes-line); stroke-width: 2.5; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none; }
.legend span { display: inline-block; width: 1.1em; height: 1.1em; margin-right: .35em; vertical-align: -.2em; border: 1px solid; }
.legend .no { background: var(--no); border-color: var(--no-line); }
.legend .may { background: var(--may); border-color: var(--may-line); border-style: dashed; }
.legend .yes { background: var(--yes); border-color: var(--yes-line); border-width: 2px; }
section { content-visibility: auto; contain-intrinsic-size: auto 30rem; } pre { overflow-x: auto; } :focus-visible { outline: 3px solid var(--no-line); }
`

/** Formats pipes as one HTML page. */
export function htmlOf(pipes: readonly PipeDescription[]): string {
  const hash = createHash('sha256').update(STYLE).digest('base64')
  const links = pipes.map((pipe, i) => `<li><a href="#p${i}">${escaped(titleOf(pipe))}</a></li>`)
  const index = pipes.length < 2 ? '' : `<nav aria-label="Endpoints"><ul>${links.join('')}</ul></nav>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'">
<title>Pipes</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Pipes</h1>
<ul class="legend"><li><span class="no"></span>bytes pass</li><li><span class="may"></span>may hold the body</li><li><span class="yes"></span>holds the body</li></ul>
${index}
<main>
${pipes.map(section).join('\n')}
</main>
</body>
</html>
`
}

const titleOf = ({ method, path }: PipeDescription): string => `${method} ${path}`

function section(pipe: PipeDescription, index: number): string {
  const kind = pipe.direct ? `${pipe.pipe}, direct` : pipe.pipe
  return `<section aria-labelledby="p${index}">
<h2 id="p${index}">${escaped(titleOf(pipe))} <small>${kind}</small></h2>
<figure role="group" tabindex="0" aria-label="Drawing of the pipe">${drawing(layOut(pipe), index)}</figure>
<details><summary>As text</summary><pre>${escaped(formatPipes([pipe]).trimEnd())}</pre></details>
</section>`
}

/** Left edges and widths of the columns of a drawing. */
interface Columns {
  readonly left: readonly number[]
  readonly widths: readonly number[]
}

function columnsOf({ nodes, columns }: Chart): Columns {
  const widths = Array.from({ length: columns }, () => LEAST_WIDTH)
  for (const node of nodes) {
    const longest = Math.max(shortened(node.label).length, node.place.length, HOLDS[node.holdsBody].length)
    widths[node.column] = Math.max(widths[node.column]!, longest * CHAR + 2 * PADDING)
  }
  const left: number[] = []
  let x = 2
  for (const width of widths) {
    left.push(x)
    x += width + GAP_X
  }
  return { left, widths }
}

function drawing(chart: Chart, index: number): string {
  const columns = columnsOf(chart)
  const width = Math.ceil(columns.left.at(-1)! + columns.widths.at(-1)! + 4)
  const height = chart.rows * (HEIGHT + GAP_Y) - GAP_Y + 4
  const arrows = chart.arrows.map(([from, to]) => arrow(chart.nodes[from]!, chart.nodes[to]!, columns, index))
  const boxes = chart.nodes.map(node => box(node, columns))
  const tip = `<marker id="tip${index}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>`
  return `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true"><defs>${tip}</defs>${arrows.join('')}${boxes.join('')}</svg>`
}

const topOf = (row: number): number => 2 + row * (HEIGHT + GAP_Y)

function arrow(from: ChartNode, to: ChartNode, { left, widths }: Columns, index: number): string {
  const x1 = left[from.column]! + widths[from.column]!
  const y1 = topOf(from.row) + HEIGHT / 2
  const x2 = left[to.column]!
  const y2 = topOf(to.row) + HEIGHT / 2
  const way = y1 === y2 ? `L${n(x2)} ${y2}` : `H${n(x1 + GAP_X / 2)}V${y2}H${n(x2)}`
  return `<path d="M${n(x1)} ${y1}${way}" marker-end="url(#tip${index})"/>`
}

function box(node: ChartNode, { left, widths }: Columns): string {
  const x = left[node.column]!
  const y = topOf(node.row)
  const width = widths[node.column]!
  const middle = n(x + width / 2)
  const lines = [shortened(node.label), node.place, HOLDS[node.holdsBody]].filter(line => line !== '')
  const first = y + HEIGHT / 2 + 4 - (lines.length - 1) * 7.5
  const texts = lines.map(
    (line, i) =>
      `<text x="${middle}" y="${n(first + i * 15)}" text-anchor="middle"${i > 0 ? ' class="small"' : ''}>${escaped(line)}</text>`
  )
  const title = [node.label, node.place, node.note, HOLDS[node.holdsBody]].filter(line => line !== '').join('; ')
  const round = { client: HEIGHT / 2, stage: 6, backend: 0 }[node.kind]
  const shape = `<rect x="${n(x)}" y="${y}" width="${n(width)}" height="${HEIGHT}" rx="${round}"/>`
  return `<g class="${node.kind === 'stage' ? node.holdsBody : node.kind}"><title>${escaped(title)}</title>${shape}${texts.join('')}</g>`
}

const n = (value: number): string => String(Math.round(value * 10) / 10)

function shortened(text: string): string {
  return text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS - 1)}…`
}

function escaped(text: string): string {
  return spellHidden(text)
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
