#include "report/page_style.h"

#include <utility>

namespace nadir::report {

namespace {

// What drawings are made of, on the page and in files.
constexpr std::string_view kDrawingCss = R"css(
.tick{fill:var(--soft);font-size:12px;font-variant-numeric:tabular-nums}
.rule-label{fill:var(--ink)}
path.gridline{stroke:var(--grid);fill:none}
path.axis{stroke:var(--line);fill:none}
path.rule{stroke:var(--soft);stroke-dasharray:2 4;fill:none;stroke-width:1.3}
path.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
path.band{stroke:none;opacity:.16}
.line.c0{stroke:var(--c0)}.band.c0,.marker.c0{fill:var(--c0)}
.line.c1{stroke:var(--c1)}.band.c1,.marker.c1{fill:var(--c1)}
.line.c2{stroke:var(--c2)}.band.c2,.marker.c2{fill:var(--c2)}
.line.c3{stroke:var(--c3)}.band.c3,.marker.c3{fill:var(--c3)}
.line.c4{stroke:var(--c4)}.band.c4,.marker.c4{fill:var(--c4)}
.line.c5{stroke:var(--c5)}.band.c5,.marker.c5{fill:var(--c5)}
.line.plain{stroke:var(--soft)}
.d1{stroke-dasharray:7 5}.d2{stroke-dasharray:1.5 4.5}
.d3{stroke-dasharray:9 4 2 4}
.fill.c0{fill:var(--c0)}.fill.c1{fill:var(--c1)}.fill.c2{fill:var(--c2)}
.fill.c3{fill:var(--c3)}.fill.c4{fill:var(--c4)}.fill.c5{fill:var(--c5)}
.heat{fill:var(--c0)}.frame{fill:none;stroke:var(--line)}
.label{fill:var(--ink);font-size:12px}.cell{fill:var(--ink);font-size:10px}
.cell.on{fill:#fff}
)css";

constexpr std::string_view kPageCss = R"css(
:root{color-scheme:light dark;--bg:#f4f6f8;--card:#fff;--ink:#16202b;
--soft:#5a6776;--line:#dde3e9;--grid:#e9edf1;--accent:#0b6aa8;--good:#00795a;
--watch:#9a6700;--bad:#b3361b;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;
--c3:#b3598f;--c4:#b87f00;--c5:#3a9bd6;--base:#8a97a5}
@media(prefers-color-scheme:dark){:root{--bg:#0f151c;--card:#18212b;
--ink:#e6ecf2;--soft:#9dabba;--line:#2b3744;--grid:#26313d;--accent:#6cb8ee;
--good:#41c79c;--watch:#e2b04a;--bad:#ff8a66;--c0:#56aee8;--c1:#ff8b47;
--c2:#2fc79a;--c3:#e39ac8;--c4:#e8b33c;--c5:#9bd3f7;--base:#7d8a98}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,
-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1200px;margin:0 auto;padding:36px 24px 56px}
header p.kicker{margin:0;color:var(--accent);font-weight:600;font-size:.8rem;
letter-spacing:.09em;text-transform:uppercase}
h1{margin:.1em 0 .1em;font-size:2.1rem;line-height:1.15;letter-spacing:-.02em;
overflow-wrap:anywhere}
h2{margin:2.4em 0 .3em;font-size:1.35rem;letter-spacing:-.01em}
h3{margin:0 0 .35em;font-size:1rem}
p.sub,p.lead{color:var(--soft);margin:.2em 0 1em;max-width:80ch}
p.sub{max-width:none}
a{color:var(--accent)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;
padding:18px 20px;margin:0}
.verdicts{display:grid;gap:12px;margin:20px 0 0}
.verdict{border-left:6px solid var(--soft);overflow-wrap:anywhere}
.verdict b{font-size:1.08rem}.verdict p{margin:.25em 0 0;max-width:90ch}
.verdict.healthy{border-left-color:var(--good)}
.verdict.healthy b{color:var(--good)}
.verdict.watch{border-left-color:var(--watch)}.verdict.watch b{color:var(--watch)}
.verdict.failing{border-left-color:var(--bad)}.verdict.failing b{color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));
gap:12px;margin:12px 0 0}
.tile{padding:13px 15px}.tile span{display:block;color:var(--soft);
font-size:.85rem}.tile strong{display:block;font-size:1.35rem;
white-space:nowrap;line-height:1.25;font-weight:650;
letter-spacing:-.015em;font-variant-numeric:tabular-nums}
.tile small{display:block;color:var(--soft);font-size:.8rem}
.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px}
.grid.three{grid-template-columns:repeat(3,minmax(0,1fr));margin-top:16px}
.chart svg.plot{display:block;width:100%;height:auto;overflow:visible}
.drawing{margin-top:12px}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;color:var(--soft);
font-size:.85rem;margin:0 0 6px}
.legend span{display:inline-flex;align-items:center;gap:6px;
overflow-wrap:anywhere}.legend svg{width:26px;height:8px;flex:none}
figcaption,p.caption{color:var(--soft);font-size:.88rem;line-height:1.45;
margin:.6em 0 0;max-width:80ch}
.scroll{overflow-x:auto;padding:6px 8px}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{padding:8px 12px;text-align:right;border-bottom:1px solid var(--line);
white-space:nowrap;vertical-align:middle;font-variant-numeric:tabular-nums}
tr:last-child td{border-bottom:0}
th{color:var(--soft);font-weight:600;font-size:.82rem;vertical-align:bottom}
th:first-child,td:first-child{text-align:left;white-space:normal;
min-width:9em;overflow-wrap:break-word}
td.text,th.text{text-align:left;white-space:normal;overflow-wrap:anywhere;
min-width:8em}
td.best{font-weight:700}
td small{color:var(--soft);font-weight:400}
.bar{display:block;height:6px;border-radius:3px;background:var(--grid);
margin:4px 0 0 auto;width:112px}
.bar i{display:block;height:6px;border-radius:3px;background:var(--base)}
.bar i.tested{background:var(--c0)}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,
440px),1fr));gap:16px;align-items:start}
.pictures img{display:block;max-width:100%;height:auto;border-radius:6px;
margin:0 auto}
details,details.card{margin-top:12px}summary{cursor:pointer;font-weight:600}
pre{overflow-x:auto;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,
"DejaVu Sans Mono",monospace;margin:.8em 0 0}
ul.events{margin:.6em 0 0;padding-left:1.2em;color:var(--soft);
font-size:.92rem;overflow-wrap:anywhere}
footer{margin-top:48px;color:var(--soft);font-size:.85rem}
#tip{position:absolute;pointer-events:none;background:var(--ink);
color:var(--bg);border-radius:8px;padding:6px 10px;font-size:.82rem;
line-height:1.4;display:none;z-index:2;font-variant-numeric:tabular-nums;
white-space:pre}
@media(max-width:900px){.grid.three{grid-template-columns:repeat(2,
minmax(0,1fr))}}
@media(max-width:680px){main{padding:22px 14px 40px}h1{font-size:1.6rem}
.grid,.grid.three{grid-template-columns:minmax(0,1fr)}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}
.card{padding:14px}.tile{padding:12px 14px}.tile strong{font-size:1.3rem}
.chart:not(.small) .tick{font-size:16px}.small .tick{font-size:13px}
th,td{padding:7px 6px}th{white-space:normal}.bar{width:56px}
th:first-child,td:first-child{min-width:6em}.wide{display:none}
table{font-size:.86rem}}
@media print{body{background:#fff}.card{break-inside:avoid}}
)css";

// The light theme's colours, for programs that know no var().
constexpr std::pair<std::string_view, std::string_view> kLightColors[] = {
    {"ink", "#16202b"},
    {"soft", "#46515e"},
    {"line", "#9aa5b1"},
    {"grid", "#dde3e9"},
    {"c0", "#0072b2"},
    {"c1", "#d55e00"},
    {"c2", "#009e73"},
    {"c3", "#b3598f"},
    {"c4", "#b87f00"},
    {"c5", "#3a9bd6"}};

}  // namespace

std::string page_css() {
  return std::string(kPageCss) + std::string(kDrawingCss);
}

std::string figure_css() {
  std::string css(kDrawingCss);
  for (const auto& [name, color] : kLightColors) {
    const std::string variable = "var(--" + std::string(name) + ")";
    for (size_t at = css.find(variable); at != std::string::npos;
         at = css.find(variable, at)) {
      css.replace(at, variable.size(), color);
    }
  }
  return "text{font-family:Helvetica,Arial,sans-serif}" + css;
}

std::string_view page_script() {
  return R"js(
(function(){
var tip=document.getElementById('tip');
function short(v){var a=Math.abs(v);
return a!==0&&(a<1e-3||a>=1e6)?v.toExponential(2):String(+v.toPrecision(4));}
function list(svg,name){return svg.dataset[name].split(' ').map(Number);}
document.querySelectorAll('svg.plot').forEach(function(svg){
var f=list(svg,'frame'),X=list(svg,'x'),Y=list(svg,'y');
var lines=Array.prototype.map.call(svg.querySelectorAll('path.line'),
function(p){return{label:p.dataset.label,
points:p.getAttribute('d').slice(1).split('L').map(function(t){
return t.split(' ').map(Number);})};});
function hide(){tip.style.display='none';}
svg.addEventListener('pointerleave',hide);
svg.addEventListener('pointermove',function(e){
var box=svg.getBoundingClientRect(),view=svg.viewBox.baseVal;
var x=(e.clientX-box.left)/box.width*view.width;
if(x<f[0]-8||x>f[0]+f[2]+8){hide();return;}
var best=null,text='';
lines.forEach(function(l){var n=l.points.reduce(function(a,b){
return Math.abs(b[0]-x)<Math.abs(a[0]-x)?b:a;});
if(best===null||Math.abs(n[0]-x)<Math.abs(best-x))best=n[0];
var y=Y[0]+(1-(n[1]-f[1])/f[3])*(Y[1]-Y[0]);
text+='\n'+(lines.length>1?l.label+'  ':'')+short(y)+svg.dataset.unit;});
tip.textContent=svg.dataset.xl+' '+
short(X[0]+(best-f[0])/f[2]*(X[1]-X[0]))+text;
tip.style.display='block';
var left=e.pageX+14;
if(left+tip.offsetWidth>document.documentElement.clientWidth-8)
left=e.pageX-14-tip.offsetWidth;
tip.style.left=Math.max(4,left)+'px';tip.style.top=(e.pageY+14)+'px';
});});})();
)js";
}

}  // namespace nadir::report
