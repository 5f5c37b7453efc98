#pragma once
// The style sheet of report.html: light and dark by the reader's preference, printable in black.

namespace osler::report {

inline constexpr char kHtmlStyle[] = R"css(
:root { color-scheme: light dark; --ink: #16191d; --faint: #5b6470; --line: #d9dee4; --paper: #fff;
  --card: #f5f7f9; --good: #1c7a3d; --warn: #8a5a00; --bad: #b3261e; --banner: #f0a030; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebee; --faint: #a2abb6; --line: #343b44; --paper: #14171b; --card: #1d2228;
    --good: #6fce8c; --warn: #f0b95a; --bad: #ff8a80; --banner: #d98a1e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
.banner { background: var(--banner); color: #16110a; font-weight: 700; text-align: center;
  padding: .65em 1em; letter-spacing: .02em; }
main { max-width: 62rem; margin: 0 auto; padding: 1.2rem 1.2rem 3rem; }
h1 { font-size: 1.55rem; margin: .4rem 0 .1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; border-bottom: 1px solid var(--line);
  padding-bottom: .25rem; }
.faint { color: var(--faint); }
.identity { margin: .4rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; }
.stop { border: 2px solid var(--bad); border-radius: 8px; padding: .8rem 1.1rem; margin: 1.2rem 0; }
.stop h2 { border: 0; margin: 0 0 .3rem; color: var(--bad); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .42rem .7rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { font-size: .85rem; color: var(--faint); font-weight: 600; }
td.n, th.n { text-align: right; white-space: nowrap; }
tr.whole td { font-weight: 650; }
tr.part td:first-child { padding-left: 1.9rem; }
.passed { color: var(--good); } .warning { color: var(--warn); } .failed { color: var(--bad); }
.passed, .warning, .failed { font-weight: 650; white-space: nowrap; }
figure { margin: 0 0 1rem; }
figure img { width: 100%; max-width: 768px; height: auto; display: block; border-radius: 6px; }
figcaption { font-size: .85rem; color: var(--faint); padding-top: .25rem; }
.figures { display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); }
dl { display: grid; grid-template-columns: 11rem 1fr; gap: .3rem 1rem; margin: 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
ul { margin: .2rem 0; padding-left: 1.2rem; } code { font-size: .85em; overflow-wrap: anywhere; }
footer { margin-top: 2.5rem; font-size: .85rem; color: var(--faint); }
@media print {
  :root { --ink: #000; --paper: #fff; --faint: #444; --line: #bbb; color-scheme: light; }
  body { font-size: 10.5pt; } .banner { border: 2px solid #000; background: #fff; color: #000; }
  figure, tr, .stop { break-inside: avoid; } h2 { break-after: avoid; } }
)css";

}  // namespace osler::report
