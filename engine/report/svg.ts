// Boxes, arrows and texts as SVG. How they look is said by the style sheet of the picture that they are in.
import { markup, type Value } from './markup.ts'

export type Point = readonly [x: number, y: number]

/** @param kind the class of the style sheet, here and below */
export const box = ([x, y]: Point, [width, height]: Point, kind: string, radius = 8) =>
  markup`<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>`

/** One line of text. */
export const text = ([x, y]: Point, content: Value, kind = '', anchor: 'start' | 'middle' | 'end' = 'middle') =>
  markup`<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${content}</text>`

/** @param kind `aside` for an arrow that is not the path of the packet */
export function arrow(from: Point, to: Point, kind: '' | 'aside' = '') {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0])
  const [x, y] = [Math.cos(angle), Math.sin(angle)]
  /** A point so far behind the tip, and so far to its side. */
  const near = (behind: number, side: number) =>
    [to[0] - behind * x - side * y, to[1] - behind * y + side * x].map((number) => number.toFixed(1)).join()
  const head = markup`<path class="head ${kind}" d="M${to.join()} L${near(11, 5)} L${near(11, -5)} Z"/>`
  return markup`<path class="${kind}" d="M${from.join()} L${near(9, 0)}"/>${head}`
}
