#include "core/page/parts.hpp"

namespace ktb::core {

/// Colours are those of Okabe and Ito, which the colour-blind tell apart too, and lighter ones on a
/// dark screen. `--c` is the colour of a series or a verdict; other classes say what it draws.
std::string_view page_style() {
  return R"css(
:root{color-scheme:light dark;--bg:#fff;--fg:#1d2125;--soft:#5c646d;--rule:#e2e5e9;--tint:#f5f6f8;
--link:#0a58a3;--s0:#4a4f55;--s1:#0072b2;--s2:#d55e00;--s3:#009e73;--s4:#cc79a7;--s5:#e69f00;
--s6:#56b4e9;--s7:#8a7600}
@media screen and (prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e4e7ea;--soft:#9aa3ad;
--rule:#2d3339;--tint:#1d2126;--link:#7db8f0;--s0:#c3c8cd;--s1:#4ba6e3;--s2:#f1834a;--s3:#34c79c;
--s4:#e2a3c6;--s5:#f2b632;--s6:#93d2f6;--s7:#cbb74f}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{scroll-padding-top:1rem}
body{margin:0 auto;max-width:1120px;padding:1.5rem 1.25rem 4rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;
font-variant-numeric:tabular-nums}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .4rem;text-wrap:balance}
h2{font-size:1.2rem;line-height:1.3;margin:0 0 .5rem}
h3{font-size:.95rem;margin:2rem 0 .25rem}
p{margin:.25rem 0 .75rem;max-width:46rem}
h3+p,.sub,#cells>p,#provenance>p{color:var(--soft);font-size:.87rem}
.ask{font-size:1.05rem}
.warn{border-left:3px solid var(--s5);padding-left:.6rem;font-size:.87rem}
a{color:var(--link);text-underline-offset:.15em}
section{margin-top:2.5rem;padding-top:1.5rem;border-top:1px solid var(--rule)}
nav ul{list-style:none;margin:.75rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.25rem}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
input,button{font:inherit;color:inherit}
input{margin-top:1rem;background:var(--bg);border:1px solid var(--soft);border-radius:6px;
padding:.25rem .6rem}
input{width:18rem;max-width:100%}
.wide{overflow-x:auto;max-width:100%;margin:0 0 .75rem}
table{border-collapse:collapse;font-size:.92rem}
caption{caption-side:top;text-align:left;color:var(--soft);font-size:.87rem;padding-bottom:.5rem}
.forest caption{padding-top:1.25rem}
thead th{font-weight:600;vertical-align:bottom;text-align:right;padding:.2rem .6rem;
border-bottom:1px solid var(--soft)}
thead td{border-bottom:1px solid var(--soft)}
thead th[scope=colgroup]{text-align:center;border-bottom-color:var(--rule)}
thead th.axis,tbody th{text-align:left}
tbody th{font-weight:400;padding:.3rem 1rem .3rem 0;min-width:8rem;max-width:18rem}
thead th.axis{padding-left:0;color:var(--soft);font-weight:400}
th:first-child{position:sticky;left:0;background:var(--bg);z-index:1}
td{text-align:right;padding:.3rem .6rem;white-space:nowrap;vertical-align:top}
tbody th{vertical-align:top}
.grid .rows tr+tr>*{border-top:1px solid var(--rule)}
tbody.extra>*>*{color:var(--soft)}
tbody.extra tr:last-child>*{border-bottom:1px solid var(--soft)}
tbody+tbody tr:first-child>*{border-top:0}
.published>*{color:var(--soft)}
.rows tr:hover>*{background:var(--tint)}
em{font-style:normal;font-size:.78rem;color:var(--soft);white-space:nowrap}
.v{display:block;padding-right:1.6em}
.v a{color:inherit;text-decoration:underline dotted var(--soft)}
.v a:hover{color:var(--link)}
.pm{color:var(--soft)}
.mk{display:inline-block;min-width:1.6em;margin-right:-1.6em;text-align:left;padding-left:.15em;
font-weight:600}
.say{font-size:.82rem;font-weight:400;color:var(--soft)}
sup{line-height:0;font-size:.72em}
thead tr+tr .sorts{min-width:5.5rem}
thead th.sorts{max-width:16rem;padding-right:calc(.6rem + 1.6em)}
.strip{display:block;margin:.1rem 1.6em 0 auto}
.forest td{vertical-align:middle;padding-top:0;padding-bottom:0}
.forest tbody th{vertical-align:middle;padding-top:0;padding-bottom:0}
.plot .forest{display:block}
td.plot{padding-right:0}
tfoot td{padding-top:0}
.forest tfoot .strip{margin-right:0}
.notes{list-style:none;margin:.25rem 0 0;padding:0;font-size:.82rem;color:var(--soft);max-width:60rem}
th button{all:unset;cursor:pointer;font:inherit}
th button:hover{text-decoration:underline}
th button:focus-visible{outline:2px solid var(--link)}
[aria-sort] button::after{content:" \2193"}
[aria-sort=ascending] button::after{content:" \2191"}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));
gap:1.25rem 2rem}
figure{margin:0;min-width:0}
figure.broad{grid-column:1/-1;overflow-x:auto}
figcaption{font-size:.87rem;margin-bottom:.35rem}
.chart{display:block;width:100%;height:auto;max-width:560px}
.broad .chart{width:auto;max-width:none}
svg{overflow:visible}
.t{font-size:12px;fill:var(--fg)}
.m{text-anchor:middle}.e{text-anchor:end}
.tick,.name{font-size:11px;fill:var(--soft)}
.s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}
.s5{--c:var(--s5)}.s6{--c:var(--s6)}.s7{--c:var(--s7)}
.good{--c:var(--s1)}.bad{--c:var(--s2)}.open{--c:var(--soft)}
.label{fill:var(--fg)}
.label[class*=" s"]{fill:color-mix(in srgb,var(--c) 62%,var(--fg))}
.line{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}
.band{fill:var(--c);opacity:.13}
.bar{fill:none;stroke:var(--c);stroke-width:2}
.chart .bar{stroke-width:1.3}
.mark{fill:var(--c);stroke:var(--bg);stroke-width:.8}
.mark.open{fill:var(--bg);stroke:var(--c);stroke-width:1.5}
.fill{fill:var(--c)}
.inside{font-size:11px;fill:#fff;stroke:#0009;stroke-width:2.5px;paint-order:stroke}
.strip .bar{stroke:var(--s1);opacity:.22;stroke-width:7}
.seed{fill:var(--s1);opacity:.75}
.mean{stroke:var(--fg);stroke-width:1.5}
.base .seed{fill:var(--s0)}.base .strip .bar{stroke:var(--s0)}
.zero{stroke:var(--soft);opacity:.55}
.rule{stroke:var(--rule)}
.axis{stroke:var(--soft);fill:var(--soft)}
.thread{stroke:var(--soft);opacity:.45;stroke-width:.7}
.front{fill:none;stroke:var(--soft);stroke-dasharray:4 3}
.lead{fill:none;stroke:var(--soft)}
.clique{stroke:var(--fg);stroke-width:4}
.place{fill:var(--tint)}
.up1,.up2,.up3,.up4{fill:var(--s1)}.down1,.down2,.down3,.down4{fill:var(--s2)}
.up1,.down1{fill-opacity:.13}.up2,.down2{fill-opacity:.27}.up3,.down3{fill-opacity:.42}
.up4,.down4{fill-opacity:.58}
.sure{stroke:var(--fg);stroke-width:1.8}
.heat{fill:none;stroke:var(--c);shape-rendering:crispEdges}
.o1{opacity:.16}.o2{opacity:.34}.o3{opacity:.53}.o4{opacity:.74}
.edge{fill:none;stroke:var(--rule)}
.map{display:block;max-width:100%;height:auto}
.answers{display:flex;flex-wrap:wrap;gap:.5rem 2.5rem;margin-top:.75rem}
.answers figure{max-width:24rem}
.answers figcaption,.answers caption{color:var(--soft);font-size:.87rem}
.recalls{border-collapse:separate;border-spacing:0 2px}
.recalls th:first-child{position:static;background:none}
.recalls td,.recalls tbody th{padding:.1rem .6rem .1rem 0;min-width:0}
.recalls .share{min-width:9rem;text-align:left;padding-left:.3rem;border-right:1px solid var(--rule);
background:linear-gradient(to right,color-mix(in srgb,var(--s1) 30%,transparent) var(--w),transparent 0)}
.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.75rem 1rem}
.maps figcaption{overflow-wrap:anywhere}
.on{fill:var(--fg);fill-opacity:1}
details{margin:.25rem 0}
summary{cursor:pointer}
summary b{font-weight:600;padding-left:.4rem}
.cell[open]{background:var(--tint);border-radius:8px;padding:.5rem .9rem .75rem;margin:.6rem 0}
.copy{margin-top:1.5rem;font-size:.87rem}
pre{position:relative;background:var(--tint);border:1px solid var(--rule);border-radius:6px;
padding:.6rem .8rem;overflow-x:auto;font:12.5px/1.45 ui-monospace,"Liberation Mono",monospace;
max-height:24rem}
.cell pre{background:var(--bg)}
pre button{position:absolute;right:.4rem;top:.35rem;background:var(--bg);border:1px solid var(--rule);
border-radius:5px;padding:.05rem .5rem;font:12px system-ui,sans-serif;cursor:pointer}
code{font:12px ui-monospace,"Liberation Mono",monospace}
.seeds th,.seeds td{text-align:left;padding:.15rem 1.2rem .15rem 0;min-width:0;white-space:normal}
.seeds th:first-child{position:static;background:none}
.facts{display:grid;grid-template-columns:minmax(5rem,max-content) 1fr;gap:.1rem 1rem;margin:.5rem 0;
font-size:.87rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media (max-width:640px){body{padding:1rem .8rem 3rem;font-size:14.5px}
tbody th{min-width:6.5rem;max-width:8.5rem;padding-right:.5rem}
.facts{grid-template-columns:1fr}dt{margin-top:.3rem}}
@media print{body{max-width:none;padding:0;font-size:9.5pt}header input,.copy,pre button,
.cell:not([open]),nav{display:none}.wide,figure.broad{overflow:visible}
section,figure,tr,h2,h3{break-inside:avoid}section{break-inside:auto}h2,h3,caption{break-after:avoid}
a{color:inherit}th:first-child{position:static}td{padding:.2rem .35rem}
.charts{grid-template-columns:repeat(2,1fr)}*{print-color-adjust:exact}}
)css";
}

}  // namespace ktb::core
