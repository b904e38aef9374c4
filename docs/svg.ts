// Boxes, arrows and labels as SVG. Colours follow the reader's light or dark mode; a viewer that knows no modes shows a
// light picture on a ground of its own.

export type Point = readonly [x: number, y: number]

const style = `
  svg { color: #1f2328 }
  text { font: 15px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: currentColor }
  .mono { font: 13px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
  .strong { font-weight: 600 }
  .quiet, .aside, .host, .standby { color: #59636e }
  .changed { color: #bc4c00; fill: currentColor; font-weight: 700 }
  rect { fill: none }
  rect, path { stroke: currentColor; stroke-width: 1.5 }
  .ground, .part, .head, .held { stroke: none }
  .ground, rect.not-held { fill: #f6f8fa }
  .part { fill: #eff2f5 }
  .host { fill: #fff }
  .head { fill: currentColor }
  .standby, .not-held, .aside { stroke-dasharray: 6 4 }
  .held { fill: #1f6feb }
  .on-held { color: #fff }
  .not-held { color: #0969da }
  @media (prefers-color-scheme: dark) {
    svg { color: #f0f6fc }
    .quiet, .aside, .host, .standby { color: #9198a1 }
    .changed { color: #f0883e }
    .ground, rect.not-held { fill: #151b23 }
    .part { fill: #212830 }
    .host { fill: #0d1117 }
    .not-held { color: #58a6ff }
  }`

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** @param kind a class of the style above, here and below */
export const box = ([x, y]: Point, [width, height]: Point, kind: string, radius = 8) =>
  `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>`

/** @param text one line, with stars around what is shown as changed: `10.2.1.10 → *10.2.1.3*` */
export function label([x, y]: Point, text: string, kind = '', anchor: 'start' | 'middle' = 'middle') {
  const content = escaped(text).replace(/\*(.+?)\*/g, '<tspan class="changed">$1</tspan>')
  return `<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${content}</text>`
}

/** @param kind `aside` for what is not the way of the packet */
export function arrow(from: Point, to: Point, kind: '' | 'aside' = '') {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0])
  const [x, y] = [Math.cos(angle), Math.sin(angle)]
  /** A point so far behind the tip, and so far to its side. */
  const near = (behind: number, side: number) =>
    [to[0] - behind * x - side * y, to[1] - behind * y + side * x].map((number) => number.toFixed(1))
  const head = `<path class="head ${kind}" d="M${to} L${near(11, 5)} L${near(11, -5)} Z"/>`
  return `<path class="${kind}" d="M${from} L${near(9, 0)}"/>${head}`
}

/** @param description what the picture shows, in words, for those who do not see it */
export const picture = (title: string, description: string, size: Point, ...parts: string[][]) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.join(' ')}" role="img" aria-labelledby="title description">
<!-- Written by docs/generate.mts from docs/pictures.mts; change it there. -->
<title id="title">${escaped(title)}</title>
<desc id="description">${escaped(description)}</desc>
<style>${style}
</style>
${[box([0, 0], size, 'ground', 12), ...parts.flat()].join('\n')}
</svg>
`
