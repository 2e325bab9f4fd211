/** The exported page's looks: a column for reading, light and dark as the system is, and on paper. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fdfdfb; --text: #23262b; --quiet: #666c75; --rule: #e3e4e0; --panel: #f5f5f1; --accent: #1f6feb;
  --comment: #6a737d; --string: #0a6b3d; --number: #a04a00; --keyword: #8a2a9b; --type: #1b5e93; --call: #3b4ea8;
  --bad: #b42318; --bad-panel: #fdf1ef; --warn-panel: #fbf6e9;
  --serif: Charter, 'Bitstream Charter', 'Sitka Text', Cambria, 'Noto Serif', Georgia, serif;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic UI', sans-serif;
  --mono: ui-monospace, 'Cascadia Code', 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK JP', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #17191d; --text: #dfe1e5; --quiet: #989fa9; --rule: #30343a; --panel: #1f2227; --accent: #79b0ff;
    --comment: #8b949e; --string: #8fd6a8; --number: #f0b37e; --keyword: #d9a3e8; --type: #8cc8f2; --call: #b3bdf7;
    --bad: #ff9c91; --bad-panel: #2d1e1e; --warn-panel: #292518;
  }
}
* { box-sizing: border-box; }
html { font-size: 17px; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.65 var(--serif); text-rendering: optimizeLegibility; }
:lang(ja), :lang(ko), :lang(zh) { --serif: var(--sans); }
body:lang(ja), body:lang(ko), body:lang(zh) { line-height: 1.9; font-size: .95rem; }
main { max-width: 55rem; margin: 0 auto; padding: 3.5rem 1.5rem 5rem; }
h1, h2, h3, h4, h5, h6 { font-family: var(--sans); line-height: 1.25; letter-spacing: -.011em; margin: 2.2em 0 .6em; text-wrap: balance; scroll-margin-top: 1rem; }
h1 { font-size: 2.1rem; margin-top: 0; letter-spacing: -.02em; }
h2 { font-size: 1.45rem; padding-top: 1.1rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.15rem; }
h4, h5, h6 { font-size: 1rem; }
p, ul, ol, blockquote, pre, .wide, figure { margin: 0 0 1.05em; }
.text > :not(pre, .wide, h2) { max-width: 47rem; }
p, li { text-wrap: pretty; overflow-wrap: break-word; }
ul, ol { padding-left: 1.5em; }
li { margin: .25em 0; }
li:has(> input[type='checkbox']) { list-style: none; margin-left: -1.35em; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .15em; }
img { max-width: 100%; height: auto; }
hr { border: 0; border-top: 1px solid var(--rule); margin: 2.5em 0; }
blockquote { padding-left: 1.1em; border-left: 3px solid var(--rule); color: var(--quiet); }
table { border-collapse: collapse; font: .88rem/1.5 var(--sans); font-variant-numeric: tabular-nums; }
th, td { padding: .35em 1em .35em 0; text-align: left; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { font-weight: 600; } .right { text-align: right; } .center { text-align: center; }
.wide { overflow-x: auto; }
code, pre { font-family: var(--mono); font-size: .8rem; font-variant-ligatures: none; }
code { background: var(--panel); padding: .12em .35em; border-radius: 4px; overflow-wrap: break-word; }
pre { line-height: 1.55; overflow-x: auto; tab-size: 2; }
pre code { background: none; padding: 0; font-size: inherit; overflow-wrap: normal; }
.text pre { background: var(--panel); padding: .8rem 1rem; border-radius: 8px; }
.formula { font-family: var(--mono); font-size: .85rem; white-space: pre-wrap; }
p.formula { text-align: center; }

.code { margin: 1.4rem 0 1.7rem; position: relative; }
.input { background: var(--panel); border: 1px solid var(--rule); border-radius: 8px; padding: .8rem 1rem; margin: 0; }
.count { font: .7rem/1 var(--mono); color: var(--quiet); position: absolute; right: calc(100% + .9rem); top: 1.15rem; white-space: nowrap; user-select: none; }
.comment { color: var(--comment); font-style: italic; } .string { color: var(--string); } .number { color: var(--number); }
.keyword { color: var(--keyword); } .type { color: var(--type); } .call { color: var(--call); }
.outputs { margin-top: .9rem; }
.outputs > * { margin: 0 0 .8rem; }
.outputs > :last-child { margin-bottom: 0; }
.outputs pre { padding: 0 1rem; max-height: 40rem; overflow: auto; }
.outputs .stderr { background: var(--warn-panel); padding: .6rem 1rem; border-radius: 8px; }
.outputs .error { background: var(--bad-panel); border-left: 3px solid var(--bad); padding: .7rem 1rem; border-radius: 0 8px 8px 0; white-space: pre-wrap; overflow-wrap: break-word; }
.outputs figure > img { display: block; border-radius: 6px; }
.outputs .aenb-output > img { width: 46rem; }
@media (prefers-color-scheme: dark) { .outputs figure > img:not([src^='data:image/svg']) { background: #fff; } }
.outputs .markdown > :last-child { margin-bottom: 0; }
.note { color: var(--quiet); font: italic .88rem var(--sans); }
iframe { display: block; width: 100%; height: 16rem; border: 0; resize: vertical; }
summary { cursor: pointer; color: var(--quiet); font: .85rem var(--sans); padding: .2rem 0; }

.ansi-black-fg { color: #555; } .ansi-red-fg { color: #b42318; } .ansi-green-fg { color: #137333; } .ansi-yellow-fg { color: #8a6100; }
.ansi-blue-fg { color: #1a56c4; } .ansi-magenta-fg { color: #8a2a9b; } .ansi-cyan-fg { color: #0a6c74; } .ansi-white-fg { color: #6f7479; }
.ansi-bright-black-fg { color: #70757c; } .ansi-bright-red-fg { color: #d3301f; } .ansi-bright-green-fg { color: #18863e; } .ansi-bright-yellow-fg { color: #a37200; }
.ansi-bright-blue-fg { color: #2f6fe0; } .ansi-bright-magenta-fg { color: #a63bb8; } .ansi-bright-cyan-fg { color: #0d848e; } .ansi-bright-white-fg { color: #3d4146; }
.ansi-black-bg { background: #24292f; color: #fff; } .ansi-red-bg { background: #f6c5bf; } .ansi-green-bg { background: #bfe6c9; } .ansi-yellow-bg { background: #f7e3a1; }
.ansi-blue-bg { background: #c5dafb; } .ansi-magenta-bg { background: #ecc9f2; } .ansi-cyan-bg { background: #bde5e8; } .ansi-white-bg { background: #e6e8ea; }
@media (prefers-color-scheme: dark) {
  .ansi-black-fg { color: #9aa0a6; } .ansi-red-fg, .ansi-bright-red-fg { color: #ff8e82; } .ansi-green-fg, .ansi-bright-green-fg { color: #7fd595; }
  .ansi-yellow-fg, .ansi-bright-yellow-fg { color: #e8c268; } .ansi-blue-fg, .ansi-bright-blue-fg { color: #8ab4f8; } .ansi-magenta-fg, .ansi-bright-magenta-fg { color: #d9a3e8; }
  .ansi-cyan-fg, .ansi-bright-cyan-fg { color: #78d3da; } .ansi-white-fg { color: #c8ccd1; } .ansi-bright-white-fg { color: #f1f3f4; }
  [class*='-bg'] { color: #16181c; }
  .ansi-black-bg { background: #3a3f46; color: #fff; }
}

@media (max-width: 67rem) { .count { position: static; display: block; margin: 0 0 .4rem; } }
@media (max-width: 36rem) {
  html { font-size: 16px; }
  main { padding: 1.75rem 1rem 3rem; }
  h1 { font-size: 1.7rem; }
  .outputs pre { padding: 0 .25rem; }
}
@media print {
  :root { --page: #fff; }
  html { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  .text > :not(pre, .wide, h2) { max-width: none; }
  .input, .error, figure, tr, img { break-inside: avoid; }
  h1, h2, h3 { break-after: avoid; }
  pre, .outputs pre { white-space: pre-wrap; overflow: visible; max-height: none; overflow-wrap: break-word; }
  .count { position: static; display: block; margin-bottom: .3rem; }
  a[href^='http']::after { content: ' (' attr(href) ')'; font-size: .85em; color: var(--quiet); overflow-wrap: anywhere; }
}
`;
