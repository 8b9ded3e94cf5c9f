/** The one style sheet of all pages. Small screens first; light and dark by the reader's own choice. */
export const STYLES = `
*,*::before,*::after{box-sizing:border-box}[hidden]{display:none!important}
:root{color-scheme:light dark;--page:#f5f4f1;--panel:#fff;--text:#1c1b1a;--soft:#5c5953;--line:#dcd9d3;--link:#0b57d0;--focus:#0b57d0;--bad:#a3160f;--bad-bg:#fdeceb;--note-bg:#fff5d6;--note:#5c4400;--good:#12613a;--good-bg:#e5f5ec}
@media (prefers-color-scheme:dark){:root{--page:#121212;--panel:#1d1d1f;--text:#f2f1ef;--soft:#b3afa8;--line:#3a3937;--link:#a8c7fa;--focus:#a8c7fa;--bad:#ffb4ab;--bad-bg:#3b1512;--note-bg:#3a2f0b;--note:#ffe08a;--good:#8fdcb0;--good-bg:#0f2e1e}}
html{-webkit-text-size-adjust:100%;scroll-padding:1rem}
body{margin:0;min-height:100vh;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:3px solid var(--focus);outline-offset:3px;border-radius:6px}
.brand{max-width:62rem;margin:0 auto;padding:1.1rem 1.25rem .2rem;font-weight:650;letter-spacing:.005em;color:var(--soft);font-size:.95rem}
.brand p{margin:0}.brand a{color:inherit;text-decoration:none}.brand p,.brand a{display:flex;flex-wrap:wrap;align-items:center;gap:.3rem .7rem}
.brand img{display:block;height:2.3rem;width:auto;max-width:10rem;object-fit:contain;padding:.4rem .6rem;border-radius:9px}
main{max-width:62rem;margin:0 auto;padding:.4rem 1.25rem 3rem}
h1{text-wrap:balance;font-size:1.6rem;line-height:1.2;letter-spacing:-.015em;margin:.4rem 0 .5rem;font-weight:700}
h2{font-size:1.1rem;line-height:1.3;margin:1.6rem 0 .5rem}
p{margin:.5rem 0}
.soft{color:var(--soft)}.small{font-size:.875rem}
.hero{display:grid;gap:1.25rem}
.cards{display:grid;gap:1.5rem;justify-items:center;min-width:0}
.slot{width:100%;max-width:23.5rem;min-width:0;display:grid;gap:1rem}.slot>*{min-width:0;margin:0}
.card{background:var(--card,#3a3a3c);color:var(--ink,#fff);border-radius:14px;overflow:hidden;box-shadow:0 1px 2px rgb(0 0 0/.18),0 14px 34px -12px rgb(0 0 0/.45);display:flex;flex-direction:column;min-height:24rem}
.card .top{display:flex;align-items:center;gap:.6rem;padding:.7rem .9rem;min-height:3.6rem}
.card .logo{height:2.1rem;width:auto;max-width:9rem;display:block}
.card .name{font-size:1.06rem;font-weight:600;flex:1 1 auto;min-width:0;line-height:1.2}
.card dl{margin:0}.card dt{color:var(--label,#fff);font-size:.68rem;font-weight:600;letter-spacing:.045em;line-height:1.25}
.card dd{margin:0;font-size:1rem;line-height:1.25}
.card .end{text-align:right}
.card .mid{position:relative;display:flex;align-items:center;min-height:6.2rem}
.card .strip{display:block;width:100%;height:auto}
.card .mid dl{padding:.6rem .9rem;flex:1 1 auto;min-width:0}
.card .mid.over dl{position:absolute;inset:auto 0 0 0;text-shadow:0 1px 6px rgb(0 0 0/.55)}
.card .mid.over dl div{display:flex;flex-direction:column-reverse}
.card .mid.over dt{color:var(--ink,#fff)}
.card .mid dd{font-size:2.5rem;font-weight:300;line-height:1.1;letter-spacing:-.02em}
.card .mid dt{font-size:.78rem}
.card .mid.trip dl{display:flex;justify-content:space-between;gap:1rem}
.card .thumb{width:5.4rem;height:auto;border-radius:6px;margin-right:.9rem}
.card .row{display:flex;flex-wrap:wrap;gap:.7rem 1.2rem;padding:.7rem .9rem 0;justify-content:space-between}
.card .row div{min-width:0}
.card .code{margin:auto auto 1.1rem;padding:1.2rem .9rem 0;max-width:100%}
.card .code figure{margin:0;background:#fff;color:#111;border-radius:8px;padding:.7rem;text-align:center}
.card .code svg{display:block;width:8.6rem;height:8.6rem}
.card .code figure.wide{width:19.5rem;max-width:100%;padding:.8rem 1rem}
.card .code .wide svg{width:100%;height:auto}
.card .code figcaption{font-size:.72rem;margin-top:.35rem;max-width:15rem}
.dim .card{filter:saturate(.25) brightness(.85)}
.actions{display:grid;gap:.7rem}
.wallet{display:inline-flex;align-items:center;justify-content:flex-start;gap:.75rem;min-height:3.25rem;padding:.4rem 1.1rem;border-radius:.8rem;background:#000;color:#fff;border:1px solid #4a4a4a;text-decoration:none;font-weight:600;font-size:clamp(.8rem,4vw,1.06rem);line-height:1.15;text-align:left}
.wallet.google{border-radius:2rem}
.wallet svg{width:2.1rem;height:1.7rem;flex:none}
.wallet:hover{background:#262626}
.badge{display:inline-block}.badge img{display:block;height:3.25rem;width:auto;max-width:100%}
.dock{padding-top:.5rem;width:fit-content;min-width:min(100%,17.5rem);max-width:100%;grid-auto-rows:1fr}
.scan{display:none;gap:1.1rem;align-items:center;background:var(--panel);border:1px solid var(--line);border-radius:14px;padding:1rem;margin-top:1.2rem}
.scan svg{width:7.4rem;height:7.4rem;flex:none;background:#fff;border-radius:8px;padding:.45rem}
.banner{border-radius:12px;padding:.75rem 1rem;margin:.7rem 0;background:var(--note-bg);color:var(--note)}
.banner.bad{background:var(--bad-bg);color:var(--bad)}.banner.good{background:var(--good-bg);color:var(--good)}
.banner p{margin:0}.banner a{color:inherit}
details{border:1px solid var(--line);border-radius:14px;background:var(--panel);margin-top:1rem}
summary{padding:.8rem 1rem;cursor:pointer;font-weight:600;min-height:2.75rem;list-style:none;display:flex;align-items:center;gap:.6rem}
summary::-webkit-details-marker{display:none}
summary::after{content:"";flex:none;margin-left:auto;width:.5rem;height:.5rem;border:solid var(--soft);border-width:0 2px 2px 0;transform:translateY(-.15rem) rotate(45deg)}
details[open]>summary::after{transform:translateY(.1rem) rotate(-135deg)}
details dl{margin:0;padding:0 1rem .9rem}
details dt{color:var(--soft);font-size:.85rem;margin-top:.6rem}details dd{margin:0;white-space:pre-line}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:16px;padding:1.3rem 1.25rem;max-width:34rem;margin:.6rem auto}
.panel.message{padding:2rem 1.6rem;margin-top:min(10vh,5rem)}.panel.message details{margin-top:1.4rem}
.sign{display:block;width:3rem;height:3rem;padding:.3rem;border-radius:50%;background:var(--page);color:var(--soft);margin-bottom:1rem}
.panel.enrol{overflow:hidden}
.card.peek{min-height:0;margin:-1.3rem -1.25rem 1.4rem;border-radius:0;box-shadow:none}
.card.peek .strip{height:7.5rem;object-fit:cover}
.field{margin:1rem 0}.field label{display:block;font-weight:600;margin-bottom:.3rem}
input[type=text],input[type=email],input[type=tel],input[type=url],input[type=date],input[type=number],input[type=password],input[type=search],select{width:100%;min-height:2.9rem;padding:.5rem .75rem;font:inherit;color:var(--text);background:var(--page);border:1px solid #8a867e;border-radius:10px}
.check{display:flex;gap:.75rem;align-items:flex-start;margin:1rem 0}
.check input{width:1.5rem;height:1.5rem;flex:none;margin:.05rem 0 0;accent-color:var(--focus)}
fieldset{border:0;border-top:1px solid var(--line);margin:1.6rem 0 1rem;padding:.2rem 0 0;min-width:0}legend{font-weight:650;padding:0 .6rem 0 0}
.error{color:var(--bad);font-weight:600}[aria-invalid=true]{border-color:var(--bad)!important;border-width:2px!important}.faults{margin:.2rem 0;padding-left:1.1rem}
button,.button{display:inline-flex;align-items:center;justify-content:center;min-height:2.9rem;padding:.5rem 1.3rem;border:0;border-radius:12px;background:var(--text);color:var(--page);font:inherit;font-weight:650;cursor:pointer;text-decoration:none}
form.main button{width:100%;min-height:3.25rem;font-size:1.06rem}
.code-note{margin-top:1.1rem;font:.8rem/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--soft)}
@media (min-width:50rem){
.hero{grid-template-columns:minmax(0,1fr) 23.5rem;gap:3.5rem;align-items:start;padding-top:2rem}
.hero .cards{order:2}.hero h1{font-size:2.3rem}
.dock{padding-top:1rem}.actions{max-width:23.5rem}
.scan{display:flex;max-width:27rem}
}
.wide .brand,.wide main{max-width:78rem}.narrow .brand,.narrow main{max-width:36.5rem}
.grid{display:grid;gap:1rem}
@media (min-width:56rem){.grid.two{grid-template-columns:minmax(0,19rem) minmax(0,1fr);align-items:start}}
.box{background:var(--panel);border:1px solid var(--line);border-radius:14px;padding:1rem 1.1rem;min-width:0}
.box h2{margin-top:0}.box.found,.box.trouble{margin-bottom:1rem}
.facts{display:grid;grid-template-columns:fit-content(55%) minmax(0,1fr);gap:.25rem .9rem;margin:0;font-size:.92rem}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th{text-align:left;color:var(--soft);font-weight:600}th,td{padding:.45rem .8rem .45rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.tag{display:inline-block;border-radius:6px;padding:.05rem .45rem;font-size:.82rem;font-weight:600;background:var(--line);color:var(--text)}
.tag.good{background:var(--good-bg);color:var(--good)}.tag.bad{background:var(--bad-bg);color:var(--bad)}.tag.note{background:var(--note-bg);color:var(--note)}
.timeline{list-style:none;margin:0;padding:0}
.timeline li{position:relative;padding:.1rem 0 .85rem 1.4rem;border-left:2px solid var(--line);margin-left:.4rem}
.timeline li::before{content:"";position:absolute;left:-.45rem;top:.45rem;width:.75rem;height:.75rem;border-radius:50%;background:var(--soft);border:2px solid var(--panel)}
.timeline li.good::before{background:var(--good)}.timeline li.bad::before{background:var(--bad)}.timeline li.note::before{background:#c98a00}
.timeline time{color:var(--soft);font-size:.82rem;font-variant-numeric:tabular-nums}
.timeline p{margin:.1rem 0 0}
@media (min-width:56rem){.timeline li{display:grid;grid-template-columns:11.5rem minmax(0,1fr);padding-bottom:.55rem}.timeline time{grid-row:1/span 9;padding-top:.2rem}.timeline p{grid-column:2}}
details.request{margin:.7rem 0 0;padding:0 1rem;background:none}details.request summary{margin:0 -1rem;flex-wrap:wrap}
details.request summary .small{font-weight:400}
.answer{font-weight:600}
.bar{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center}
.bar button,.bar .button{min-height:2.5rem;padding:.35rem 1rem;font-size:.92rem}td .bar .button{white-space:nowrap}
button.quiet,.button.quiet{background:none;color:var(--text);border:1px solid #8a867e}
button.danger,.button.danger{background:var(--bad);color:var(--panel)}
.search{display:flex;gap:.6rem;flex-wrap:wrap;margin:.8rem 0 1.2rem}.search .one{flex:1 1 14rem}
.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.85em;overflow-wrap:anywhere}
.foot{max-width:62rem;margin:0 auto;padding:0 1.25rem 2rem;display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;font-size:.875rem}.foot a{color:var(--soft);padding:.4rem 0}.narrow .foot{max-width:36.5rem}
.places{display:flex;gap:1.2rem;flex-wrap:wrap;margin:0 0 .6rem}.places a{color:inherit;text-decoration:none;padding:.35rem 0}.places a[aria-current]{font-weight:650;border-bottom:2px solid var(--text)}
.reason{display:block;color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}
.filters{display:flex;flex-wrap:wrap;gap:.6rem .8rem;align-items:start;margin:.4rem 0 1rem}.filters button,.filters .button{align-self:end}.one{min-width:0;max-width:100%}.one>.error{display:block;max-width:22rem;margin-top:.2rem}.filters label{display:grid;gap:.15rem;font-size:.85rem;color:var(--soft)}.filters select,.filters input{min-height:2.5rem;width:auto;max-width:100%}.filters button,.filters .button{min-height:2.5rem;padding:.35rem 1rem;font-size:.92rem}
.inset{padding:0 1rem .9rem}.inset h4{margin:.8rem 0 .2rem;font-size:.92rem}
progress{width:100%;height:.8rem}
.checks{list-style:none;margin:0;padding:0}.checks li{padding:.6rem 0;border-bottom:1px solid var(--line)}.checks p{margin:.1rem 0}
@media (min-width:42.01rem){table.rows time{white-space:nowrap}}
pre{overflow-x:auto;background:var(--page);border:1px solid var(--line);border-radius:10px;padding:.8rem;font:.82rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
.steps{padding-left:1.3rem}.steps li{margin:.5rem 0}
@media (max-width:42rem){
table.rows,table.rows tbody,table.rows tr,table.rows td{display:block;width:100%}
table.rows thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table.rows tr{border:1px solid var(--line);border-radius:12px;padding:.4rem .8rem;margin:.6rem 0}
table.rows td{border:0;padding:.3rem 0;display:grid;grid-template-columns:6.5rem minmax(0,1fr);gap:.6rem}
table.rows td::before{content:attr(data-label);color:var(--soft);font-size:.85rem}
table.rows td>*{grid-column:2;justify-self:start}
table.rows td:empty{display:none}
}
`
  .replace(/\n/g, '')
  .trim();
