#pragma once
// The style sheet of report.html: light and dark by the reader's preference, narrow screens, print.
// Colours of text keep 4.5 to 1 with what they stand on, marks 3 to 1 (WCAG 2.2 AA); a test
// computes it from the variables.

namespace osler::page {

inline constexpr char kHtmlStyle[] = R"css(
:root { color-scheme: light dark; --ink: #16191d; --faint: #565f6b; --line: #d9dee4; --paper: #fff;
  --card: #f3f5f8; --good: #1c7a3d; --warn: #8a5a00; --bad: #b3261e; --link: #0b57a4;
  --banner: #f0a030; --on-banner: #16110a; --band: #b9d3ea; --mark: #a3260f; --edge: #767f8a; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e8ebee; --faint: #a7b0bb; --line: #343b44; --paper: #14171b; --card: #1d2228;
    --good: #6fce8c; --warn: #f0b95a; --bad: #ff8a80; --link: #8cc0f5;
    --banner: #d98a1e; --on-banner: #16110a; --band: #2f5070; --mark: #ffb38f; --edge: #8a93a0; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
.banner { background: var(--banner); color: var(--on-banner); font-weight: 700;
  text-align: center; padding: .55em 1em; letter-spacing: .02em; position: sticky; top: 0;
  z-index: 2; }
main { max-width: 64rem; margin: 0 auto; padding: 1.2rem 1.2rem 0; }
h1 { font-size: 1.55rem; line-height: 1.25; margin: .4rem 0 .1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; border-bottom: 1px solid var(--line);
  padding-bottom: .25rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .5rem 0; overflow-wrap: anywhere; }
.faint { color: var(--faint); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.identity { margin: .4rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem 1.6rem;
  overflow-wrap: anywhere; }
.stop { border: 2px solid var(--bad); border-radius: 8px; padding: .8rem 1.1rem; margin: 1.2rem 0; }
.stop h2 { border: 0; margin: 0 0 .3rem; color: var(--bad); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }

table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .42rem .7rem; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
thead th { font-size: .85rem; color: var(--faint); font-weight: 600; vertical-align: bottom;
  overflow-wrap: normal; }
tbody th { font-weight: 400; } tbody th .faint { font-weight: 400; }
td.n, th.n { text-align: right; } td.n { white-space: nowrap; }
tr.whole th, tr.whole td { font-weight: 650; }
tr.part th { padding-left: 1.9rem; }
.passed { color: var(--good); } .warning { color: var(--warn); } .failed { color: var(--bad); }
.passed, .warning, .failed { font-weight: 650; white-space: nowrap; }
button.jump { font: inherit; color: inherit; background: none; border: 0; padding: .15rem 0;
  margin: -.15rem 0; text-align: left; cursor: pointer; text-decoration: underline;
  text-decoration-color: var(--edge); text-underline-offset: .2em; }
button.jump:hover { color: var(--link); }

.viewer[hidden] { display: none; }
.viewer .columns { display: grid; gap: .8rem 1.4rem; align-items: start;
  grid-template-columns: minmax(0, 1fr) minmax(0, 19rem); }
.stage { position: relative; background: #101010; border-radius: 6px; overflow: hidden;
  margin: 0 auto; touch-action: pan-y; cursor: ew-resize; user-select: none; }
.stage img { display: block; width: 100%; height: auto; }
#overlay { position: absolute; inset: 0; width: 100%; height: 100%; --opacity: .25; --unit: 1; }
#overlay.off { display: none; }
#overlay path { fill-rule: evenodd; fill-opacity: var(--opacity); stroke-width: 1.5;
  stroke-opacity: min(1, calc(4 * var(--opacity))); stroke-linejoin: round;
  vector-effect: non-scaling-stroke; }
#overlay path.out { stroke-width: 3; } #overlay .back { opacity: .4; }
#overlay text { font: 700 11px sans-serif; font-size: calc(11px * var(--unit)); fill: #fff;
  stroke: #000; stroke-width: calc(3px * var(--unit)); paint-order: stroke; text-anchor: middle;
  dominant-baseline: central; pointer-events: none; }
.letter { position: absolute; color: #fff; font-weight: 700; line-height: 1;
  text-shadow: 0 0 3px #000, 0 0 3px #000, 0 0 3px #000; pointer-events: none; }
.letter.left { left: .6rem; top: 50%; translate: 0 -50%; }
.letter.right { right: .6rem; top: 50%; translate: 0 -50%; }
.letter.top { top: .6rem; left: 50%; translate: -50% 0; }
.letter.bottom { bottom: .6rem; left: 50%; translate: -50% 0; }
.words { margin: .5rem 0 .1rem; min-height: 3em; }
input[type=range] { accent-color: var(--link); max-width: 100%; }
#slice { width: 100%; height: 1.8rem; margin: 0; }
.controls { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; align-items: center; }
.controls label { display: flex; gap: .5rem; align-items: center; min-height: 1.8rem; }
.legend { list-style: none; margin: 0; padding: 0; max-height: 34rem; overflow: auto; }
.legend li { padding: .12rem .2rem; color: var(--faint); }
.legend .entry { display: flex; gap: .45em; align-items: baseline; width: 100%; margin: 0;
  padding: .1rem .3rem; border-left: 3px solid transparent; }
.legend button.jump { text-decoration: none; border-radius: 4px; }
.legend button.here { color: var(--ink); font-weight: 650; border-left-color: var(--edge); }
.jump[aria-pressed=true] { background: var(--card); text-decoration: underline;
  text-decoration-thickness: 2px; }
.swatch { width: .9em; height: .9em; flex: none; translate: 0 .08em; }
.number { flex: none; min-width: 1.2em; text-align: right; font-variant-numeric: tabular-nums; }
summary { cursor: pointer; padding: .2rem 0; }

figure { margin: 0 0 1rem; }
figure img { width: 100%; max-width: 768px; height: auto; display: block; border-radius: 6px; }
figcaption { font-size: .85rem; color: var(--faint); padding-top: .25rem; overflow-wrap: anywhere; }
.figures { display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); }
.norms { display: grid; gap: .6rem 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
figure.norm { max-width: 30rem; } figure.norm .name { font-weight: 650; margin: .2rem 0 0; }
figure.norm strong { color: var(--ink); font-weight: 600; }
svg.norm { display: block; width: 100%; height: auto; }
svg.norm text { font-size: 11px; fill: var(--faint); text-anchor: middle; }
svg.norm .value { font-size: 13px; font-weight: 700; fill: var(--ink); }
svg.norm .band { fill: var(--band); } svg.norm .axis { stroke: var(--edge); }
svg.norm .tick { stroke: var(--edge); stroke-width: 1.5; }
svg.norm .mark { fill: var(--mark); stroke: var(--paper); stroke-width: 1.5; }

dl { display: grid; grid-template-columns: 11rem minmax(0, 1fr); gap: .3rem 1rem; margin: 0; }
dt { color: var(--faint); overflow-wrap: anywhere; } dd { margin: 0; overflow-wrap: anywhere; }
ul { margin: .2rem 0; padding-left: 1.2rem; } li { overflow-wrap: anywhere; }
code { font-size: .85em; overflow-wrap: anywhere; }
footer { max-width: 64rem; margin: 2.5rem auto 0; padding: 0 1.2rem 2rem; font-size: .85rem;
  color: var(--faint); }

@media screen and (max-width: 52rem) {
  .viewer .columns { grid-template-columns: minmax(0, 1fr); }
  .legend { max-height: 15rem; border: 1px solid var(--line); border-radius: 6px;
    padding: .3rem; } }
@media screen and (max-width: 38rem) {
  main { padding: .8rem .8rem 0; } footer { padding: 0 .8rem 2rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .5rem; }
  table, tbody, tr, tbody th, td { display: block; width: 100%; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  tbody th, td { border: 0; padding: .12rem .2rem; }
  tbody th { font-weight: 650; } tr.part { padding-left: 1rem; }
  tr.part th { padding-left: .2rem; }
  td { display: flex; justify-content: space-between; gap: 1rem; font-weight: 400; }
  tr.whole td { font-weight: 400; }
  td::before { content: attr(data-label); color: var(--faint); font-weight: 400; } }
@media (prefers-reduced-motion: no-preference) {
  html { scroll-behavior: smooth; } }
@media print {
  @page { margin: 14mm 12mm; }
  :root { --ink: #000; --faint: #444; --good: #0e5a2a; --warn: #6b4600; --bad: #8f1a14;
    --line: #bbb; --band: #cfdfee; --mark: #8a1a05; color-scheme: light; }
  body { font-size: 10pt; }
  .banner { position: fixed; top: 0; left: 0; right: 0; border: 1.5pt solid #000;
    background: #fff; color: #000; padding: 1mm; }
  main { max-width: none; padding: 11mm 0 0; box-decoration-break: clone;
    -webkit-box-decoration-break: clone; }
  footer { max-width: none; padding: 0; }
  .viewer { display: none; }
  .figures { grid-template-columns: 1fr 1fr; }
  svg.norm, .swatch { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  button.jump { text-decoration: none; }
  figure, tr, .stop, li { break-inside: avoid; } h2, h3 { break-after: avoid; }
  thead { display: table-header-group; } }
)css";

}  // namespace osler::page
