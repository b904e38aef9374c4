/**
 * The style sheet of the page. Colours of nodes are told apart by those who see no red or no green, stand out from the
 * ground, and names can be read on them; what is lost is hatched as well.
 */
export const style = `
:root {
  color-scheme: light dark;
  --ink: #1f2328; --quiet: #59636e; --page: #fff; --ground: #f6f8fa; --part: #eaeef2; --edge: #d1d9e0;
  --good: #1a7f37; --good-ground: #dafbe1; --bad: #b3141f; --bad-ground: #ffebe9; --vip: #1f6feb; --link: #0969da;
  --n0: #0969da; --n1: #9a6700; --n2: #8250df; --n3: #0b7285; --n4: #bf3989; --n5: #1a7f37; --n6: #4d2d8f; --n7: #7d4533;
  --other: #6e7781; --on-node: #fff; --loss: #cf222e; --loss-ground: #fff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #f0f6fc; --quiet: #9198a1; --page: #0d1117; --ground: #151b23; --part: #262c36; --edge: #3d444d;
    --good: #3fb950; --good-ground: #12261e; --bad: #ff8a82; --bad-ground: #2d1517; --link: #58a6ff;
    --n0: #58a6ff; --n1: #d29922; --n2: #bc8cff; --n3: #39c5cf; --n4: #f778ba; --n5: #3fb950; --n6: #a9b8ff; --n7: #d9a08b;
    --other: #9198a1; --on-node: #0d1117; --loss: #ff6b61; --loss-ground: #0d1117;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif;
  overflow-wrap: anywhere; -webkit-text-size-adjust: 100% }
main { max-width: 960px; margin: auto; padding: 16px 16px 48px }
section { margin-top: 36px }
h1, h2 { line-height: 1.3; margin: 0 0 12px }
h1 { font-size: 22px; padding: 14px 16px; border: 1px solid; border-left-width: 6px; border-radius: 8px }
h2 { font-size: 19px; padding-bottom: 6px; border-bottom: 1px solid var(--edge) }
.mark { text-transform: uppercase; font-size: 15px; letter-spacing: .04em; white-space: nowrap; margin-right: 6px }
.ok { border-color: var(--good); background: var(--good-ground) }
.ok .mark { color: var(--good) }
.failed { border-color: var(--bad); background: var(--bad-ground) }
.failed .mark, .bad { color: var(--bad) }
.over { margin: 0 0 8px; color: var(--quiet) }
.bad, em { font-weight: 600 }
em { font-style: normal; font-size: 14px; padding: 1px 8px; margin-left: 4px; border: 1px solid var(--edge); border-radius: 10px }
small { display: block; font-size: 14px; font-weight: 400; color: var(--quiet) }
small span + span::before { content: '·'; margin-right: 5px }
code, .mono { font: 13px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
.problems { margin: 0; padding: 12px 16px 12px 34px; background: var(--bad-ground); border-radius: 8px }
.problems li::marker { content: '✗  '; color: var(--bad) }
.cluster { display: grid; gap: 20px 32px; align-items: start }
dl { margin: 0 }
dl div { display: grid; grid-template-columns: 84px 1fr; padding: 7px 0; border-bottom: 1px solid var(--edge) }
dl div:last-child { border: 0 }
dt { color: var(--quiet) }
dd { margin: 0 }
@media (min-width: 760px) { .cluster { grid-template-columns: 384px 1fr } }

svg { display: block; overflow: visible }
svg svg { overflow: hidden }
svg text { font-size: 14px; fill: currentColor }
svg .mono { font-size: 13px }
.picture { width: 100%; max-width: 384px; margin: 0 auto; overflow: hidden }
.picture rect { fill: none }
.picture rect, .picture path { stroke: currentColor; stroke-width: 1.5 }
.picture .host { fill: var(--ground) }
.picture .aside, .picture .standby { stroke-dasharray: 6 4; color: var(--quiet) }
.picture .trunk { fill: none }
.picture .head { fill: currentColor; stroke: none }
.picture rect.held { fill: var(--vip); stroke: none }
.picture .on-held { color: #fff }
.picture .not-held { color: var(--bad); fill: var(--page); stroke-dasharray: 6 4 }
.picture text.not-held { fill: currentColor }
.picture .swatch { stroke: none }
svg .small { font-size: 13px }
.quiet { color: var(--quiet) }
.strong { font-weight: 600 }
${Array.from({ length: 8 }, (_, i) => `path.n${i}, .picture .swatch.n${i} { fill: var(--n${i}) } i.n${i} { background: var(--n${i}) }`).join('\n')}
path.other, .picture .swatch.other { fill: var(--other) } i.other { background: var(--other) }

figure { margin: 0 0 16px }
.timeline .lane { fill: var(--part) }
.timeline path { shape-rendering: crispEdges }
.timeline line { stroke: var(--quiet) }
.timeline .border { stroke: var(--page); stroke-dasharray: 4 3 }
.timeline .gap { stroke: var(--loss) }
.timeline .letter { fill: var(--bad); font-weight: 700 }
.timeline .on-node { fill: var(--on-node); font-size: 13px; font-weight: 600 }
.loss { fill: url(#hatch); stroke: var(--loss) }
.loss-ground { fill: var(--loss-ground) }
.loss-line { fill: var(--loss) }
.spans { position: relative; height: 30px; margin: 2px 0 0; padding: 0; list-style: none; font-size: 14px }
.spans li { position: absolute; top: 0; height: 28px; min-width: 3px; padding: 3px 0 3px 6px; overflow: hidden; white-space: nowrap;
  text-overflow: ellipsis; background: var(--part); border: solid var(--page); border-width: 0 1px; border-radius: 5px; container-type: inline-size }
@container (max-width: 44px) { .spans span { display: none } }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 12px; padding: 0; list-style: none; font-size: 15px }
i { display: inline-block; width: 14px; height: 14px; margin-right: 7px; border-radius: 3px; vertical-align: -2px }
i.lost { background: repeating-linear-gradient(-45deg, var(--loss) 0 2.5px, var(--loss-ground) 2.5px 5px); border: 1px solid var(--loss) }

.scroll { overflow-x: auto }
table { width: 100%; border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums }
th, td { padding: 6px 10px 6px 0; text-align: left; vertical-align: top; overflow-wrap: break-word }
thead th { color: var(--quiet); font-weight: 400; font-size: 14px }
thead { border-bottom: 1px solid var(--edge) }
thead th:last-child { width: 42% }
tbody th[scope=rowgroup] { padding-top: 14px }
tbody th[scope=row] { font-weight: 400 }
tbody { border-bottom: 1px solid var(--edge) }
.number { display: inline-block; min-width: 22px; padding: 0 5px; border-radius: 5px; background: var(--part); text-align: center }
b.letter { color: var(--bad) }
@media print {
  :root { color-scheme: light }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
  main { max-width: none; padding: 0 }
  .cluster { grid-template-columns: 320px 1fr }
  tr, tbody, figure, .picture, h1, .problems li { break-inside: avoid }
  h2, th[scope=rowgroup] { break-after: avoid }
  .scroll { overflow: visible }
}
`
