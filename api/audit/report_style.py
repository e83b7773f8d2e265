"""How the report looks: one style sheet, light and dark, for a screen of any width and for paper."""

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--ink:#16202c;--soft:#5a6675;--line:#dde3ea;--ground:#f5f7f9;--card:#fff;
--good:#11734b;--good-soft:#dff3e9;--bad:#b3261e;--bad-soft:#fbe6e4;--yes:#2f8f63;--no:#3567b8;--un:#c98a15;--de:#9aa5b1}
@media (prefers-color-scheme:dark){:root{--ink:#e7ecf2;--soft:#9aa7b5;--line:#2c3642;--ground:#10161d;--card:#18202a;
--good:#62d29b;--good-soft:#14382a;--bad:#ff8a80;--bad-soft:#44201f;--yes:#3fa777;--no:#5b8fe0;--un:#d9a13a;--de:#66727f}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.05rem;font-weight:600;margin:0;letter-spacing:.01em}
h2{font-size:1.3rem;margin:3rem 0 .35rem;line-height:1.25}
h3{font-size:1rem;margin:0;line-height:1.35}
p{margin:.35rem 0 1rem;max-width:46rem}
.soft{color:var(--soft)}
.small{font-size:.875rem}
bdi,td,dd,h3,.wrap{overflow-wrap:anywhere}
header{display:flex;flex-wrap:wrap;gap:.1rem 1rem;justify-content:space-between;align-items:baseline;margin-bottom:1rem}
.verdict{display:flex;gap:1.1rem;align-items:flex-start;border-radius:14px;padding:1.4rem 1.5rem;border:1px solid}
.verdict svg{flex:none;margin-top:.1rem}
.verdict strong{display:block;font-size:1.45rem;line-height:1.3;font-weight:650;max-width:44rem}
.verdict p{margin:.5rem 0 0;color:var(--ink)}
.clean{background:var(--good-soft);border-color:var(--good);color:var(--good)}
.broken{background:var(--bad-soft);border-color:var(--bad);color:var(--bad)}
.cards{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.25rem 0 0;padding:0}
.cards div{flex:1 1 9.5rem;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.8rem .9rem}
.cards dt{font-size:.85rem;color:var(--soft);line-height:1.3}
.cards dd{margin:.1rem 0 0;font-size:1.5rem;font-weight:600;font-variant-numeric:tabular-nums;line-height:1.25}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.4rem 1.4rem;margin:.8rem 0}
.facts dt{color:var(--soft)}
.facts dd{margin:0}
code,pre{font:.85em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.9rem 1rem;white-space:pre-wrap;
overflow-wrap:anywhere;margin:.6rem 0}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px;margin:.8rem 0}
table{border-collapse:collapse;width:100%;font-size:.925rem}
th,td{text-align:left;vertical-align:top;padding:.6rem .9rem;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--soft);font-weight:500;font-size:.85rem;white-space:nowrap}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.nw{white-space:nowrap}
tr.first td{background:var(--bad-soft)}
.blame{color:var(--bad);font-weight:600}
ul.plain{list-style:none;padding:0;margin:.5rem 0}
figure{background:var(--card);border:1px solid var(--line);border-radius:10px;margin:1rem 0;padding:1.1rem 1.2rem}
figcaption p{margin:.15rem 0 .8rem}
svg{display:block;overflow:visible}
svg text{fill:var(--soft);font-size:12px;font-family:inherit}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.875rem;color:var(--soft);margin:.6rem 0 0}
.legend i{display:inline-block;width:.75rem;height:.75rem;border-radius:3px;margin-right:.4rem;vertical-align:-1px}
.yes{fill:var(--yes);background:var(--yes)}.no{fill:var(--no);background:var(--no)}
.undetermined{fill:var(--un);background:var(--un)}.declined{fill:var(--de);background:var(--de)}
.row{display:grid;grid-template-columns:19rem 1fr;gap:0 1.1rem;align-items:stretch}
.row .says{padding:.4rem 0;line-height:1.35}
.row .says small{display:block;color:var(--soft);font-size:.8rem}
.draw{position:relative;min-height:2.5rem}
.draw svg{position:absolute;inset:0;width:100%;height:100%}
.row.sum{border-top:1px solid var(--line)}
.row.sum .says{font-weight:650}
.row.sum .says small{font-weight:400}
.track{fill:var(--line);opacity:.55}
.bar{fill:var(--no)}
.band{fill:var(--good);opacity:.16}
.left{fill:var(--good)}
.edge{stroke:var(--good);stroke-width:1;opacity:.55}
.none{fill:none;stroke:var(--bad);stroke-width:1.5;stroke-dasharray:5 4}
svg text.nothing{fill:var(--bad);font-weight:600}
figure.bad{border-color:var(--bad)}
figure.bad .bar{fill:var(--bad);opacity:.75}
figure.bad .sum .says{color:var(--bad)}
.tick{stroke:var(--line);stroke-width:1}
footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:1rem;font-size:.875rem;color:var(--soft)}
@media (max-width:40rem){.cards div{flex-basis:8rem}
main{padding:1.4rem 1rem 3rem}.row{grid-template-columns:1fr}
.draw{min-height:1.7rem}
.row .says{padding:.55rem 0 .2rem}.facts{grid-template-columns:1fr;gap:0}.facts dd{margin:0 0 .6rem}
.verdict{padding:1.1rem}.verdict strong{font-size:1.2rem}.verdict svg{width:28px;height:28px}
.cards dd{font-size:1.25rem}figure{padding:.9rem}th,td{padding:.6rem .5rem}th[scope=row]{min-width:6.5rem}
table.cards-on-phone thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}
table.cards-on-phone tr{display:block;border-top:1px solid var(--line);padding:.5rem 0}
table.cards-on-phone tr:first-child{border-top:0}
table.cards-on-phone td,table.cards-on-phone th[scope=row]{display:block;border:0;padding:.15rem .9rem}
table.cards-on-phone td:empty{display:none}
table.cards-on-phone td::before{content:attr(data-label) ": ";color:var(--soft)}}
@media print{:root{color-scheme:light;--ground:#fff;--card:#fff}body{font-size:11pt}main{max-width:none;padding:0}
figure,.verdict,tr,.cards div{break-inside:avoid}h2,h3{break-after:avoid}*{print-color-adjust:exact;
-webkit-print-color-adjust:exact}.scroll{overflow:visible}}
""".strip()
