/** The picture of README.md: what a request costs with more and more plugins, as lines over linear axes that begin at zero. Text in, text out. */

/** How each line is told from the others without colour, and its colours on a light and a dark page. */
const STYLES = {
  naive: { dash: '', mark: 'triangle', light: '#b0390b', dark: '#ff9a5c' },
  combined: { dash: '7 5', mark: 'square', light: '#0b7353', dark: '#4fd3a2' },
  chain: { dash: '', mark: 'circle', light: '#0a5fa8', dark: '#62b8f6' },
  none: { dash: '2 5', mark: '', light: '#656d76', dark: '#9198a1' }
}

const WIDTH = 600
const HEIGHT = 372
const PLOT = { left: 62, right: 416, top: 66, bottom: 306 }
const LABEL_HEIGHT = 20
const FONT = 16

const whole = number => Math.round(number).toLocaleString('en')
const escaped = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const place = number => number.toFixed(1)

/** The marks of an axis from zero to at least `most`: 4 to 6 of them, at 1, 2, 2.5 or 5 times a power of ten. */
export function ticks(most) {
  const power = 10 ** Math.floor(Math.log10(most / 4))
  const step = [1, 2, 2.5, 5, 10].map(each => each * power).find(each => most / each <= 5)
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step)
}

/** Heights of labels that want to stand at `wanted`, moved so that none covers another and none leaves `bottom`. */
export function apart(wanted, height, bottom) {
  const order = wanted.map((at, i) => ({ at, i })).sort((a, b) => b.at - a.at)
  const out = []
  let limit = bottom
  for (const { at, i } of order) {
    out[i] = Math.min(at, limit)
    limit = out[i] - height
  }
  return out
}

function marker(kind, x, y, name) {
  // a full circle within an open square: both are seen where the lines lie on each other
  if (kind === 'circle') return `<circle class="${name} full" cx="${place(x)}" cy="${place(y)}" r="3.5"/>`
  if (kind === 'square') return `<rect class="${name} mark" x="${place(x - 6)}" y="${place(y - 6)}" width="12" height="12"/>`
  const corners = [
    [x, y - 6],
    [x + 5.5, y + 4.5],
    [x - 5.5, y + 4.5]
  ]
  return `<path class="${name} mark" d="M${corners.map(([a, b]) => `${place(a)} ${place(b)}`).join('L')}Z"/>`
}

function styles() {
  const colours = theme =>
    Object.entries(STYLES)
      .map(([name, style]) => `.${name}{--c:${style[theme]}}`)
      .join('')
  const dashes = Object.entries(STYLES)
    .filter(([, { dash }]) => dash !== '')
    .map(([name, { dash }]) => `.${name}.line{stroke-dasharray:${dash}}`)
    .join('')
  return `<style>
svg{--page:#fff;--text:#1f2328;--grid:#d1d9e0}${colours('light')}
@media (prefers-color-scheme:dark){svg{--page:#0d1117;--text:#f0f6fc;--grid:#3d444d}${colours('dark')}}
text{fill:var(--text);font:${FONT}px system-ui,sans-serif}.title{font-weight:600}.end{fill:var(--c);font-weight:600}.page{fill:var(--page)}
.grid{stroke:var(--grid)}.line{fill:none;stroke:var(--c);stroke-width:2.5}.mark{fill:var(--page);stroke:var(--c);stroke-width:2.5}.full{fill:var(--c)}.lead{stroke:var(--c)}${dashes}
</style>`
}

/**
 * @param {{ title: string, upwards: string, across: string, about: string, series: { name: keyof STYLES, label: string, points: [number, number][] }[] }} figures
 *   `points`: how many plugins, and what a request cost; `about`: the same in words, for those who do not see it
 * @returns {string} SVG that fits light and dark pages
 */
export function picture({ title, upwards, across, about, series }) {
  const all = series.flatMap(each => each.points)
  const rows = ticks(Math.max(...all.map(([, cost]) => cost)))
  const columns = [...new Set(all.map(([count]) => count))].sort((a, b) => a - b)
  const x = count => PLOT.left + (count / columns.at(-1)) * (PLOT.right - PLOT.left)
  const y = cost => PLOT.bottom - (cost / rows.at(-1)) * (PLOT.bottom - PLOT.top)
  const parts = [`<text class="title" x="16" y="26">${escaped(title)}</text>`, `<text x="16" y="48">${escaped(upwards)}</text>`]
  for (const cost of rows) {
    parts.push(`<path class="grid" d="M${PLOT.left} ${place(y(cost))}H${PLOT.right}"/>`)
    parts.push(`<text x="${PLOT.left - 8}" y="${place(y(cost) + 5)}" text-anchor="end">${whole(cost)}</text>`)
  }
  for (const count of columns) {
    parts.push(`<path class="grid" d="M${place(x(count))} ${PLOT.bottom}v6"/>`)
    parts.push(`<text x="${place(x(count))}" y="${PLOT.bottom + 23}" text-anchor="middle">${count}</text>`)
  }
  parts.push(`<text x="${place(x(columns.at(-1) / 2))}" y="${HEIGHT - 18}" text-anchor="middle">${escaped(across)}</text>`)
  const ends = series.map(({ points }) => points.at(-1))
  const heights = apart(
    ends.map(([, cost]) => y(cost)),
    LABEL_HEIGHT,
    PLOT.bottom + 4
  )
  for (const [i, { name, label, points }] of series.entries()) {
    const path = points.map(([count, cost]) => `${place(x(count))} ${place(y(cost))}`).join('L')
    parts.push(`<path class="${name} line" d="M${path}"/>`)
    const { mark } = STYLES[name]
    if (mark !== '') for (const [count, cost] of points) parts.push(marker(mark, x(count), y(cost), name))
    const [count, cost] = ends[i]
    parts.push(
      `<path class="${name} lead" d="M${place(x(count) + 8)} ${place(y(cost))}L${PLOT.right + 22} ${place(heights[i])}"/>`
    )
    parts.push(
      `<text class="${name} end" x="${PLOT.right + 26}" y="${place(heights[i] + 5)}">${escaped(label)} ${whole(cost)} µs</text>`
    )
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="${Math.round((720 * HEIGHT) / WIDTH)}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title desc">
<title id="title">${escaped(`${title}: ${upwards}`)}</title>
<desc id="desc">${escaped(about)}</desc>
${styles()}
<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="8"/>
${parts.join('\n')}
</svg>
`
}
