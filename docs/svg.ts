// The frame, the labels and the style of the pictures. Colours follow the reader's light or dark mode; a viewer that knows
// no modes shows a light picture on a ground of its own.
import { escaped, Markup, markup } from '../engine/report/markup.ts'
import { box, type Point, text as plain } from '../engine/report/svg.ts'

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

/** @param text one line, with stars around what is shown as changed: `10.2.1.10 → *10.2.1.3*` */
export function label(at: Point, text: string, kind = '', anchor: 'start' | 'middle' = 'middle') {
  const content = escaped(text).replace(/\*(.+?)\*/g, '<tspan class="changed">$1</tspan>')
  return plain(at, new Markup(content), kind, anchor)
}

/** @param description what the picture shows, in words, for those who do not see it */
export const picture = (title: string, description: string, size: Point, ...parts: Markup[][]): string =>
  markup`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.join(' ')}" role="img" aria-labelledby="title description">
<!-- Written by docs/generate.mts; change what it is made from. -->
<title id="title">${title}</title>
<desc id="description">${description}</desc>
<style>${new Markup(style)}
</style>
${[box([0, 0], size, 'ground', 12), ...parts.flat()]}
</svg>
`.text
