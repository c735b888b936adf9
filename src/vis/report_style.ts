/** The style sheet of the HTML report: system fonts, light and dark, from 320 px up. */
export const reportStyle = `
:root{color-scheme:light dark;--ink:#1d2530;--soft:#5b6675;--rule:#e2e6eb;--page:#fbfbfa;--card:#fff;
--accent:#0066a1;--good:#00704f;--bad:#b34700}
@media(prefers-color-scheme:dark){:root{--ink:#e5e8ec;--soft:#9aa5b3;--rule:#2c323b;--page:#111418;
--card:#191d23;--accent:#66b7ec;--good:#4fc79c;--bad:#f09a5c}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
font:1.0625rem/1.65 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:66rem;margin:0 auto;padding:clamp(2rem,6vw,5rem) clamp(1rem,4vw,2.5rem) 4rem}
h1{font-size:clamp(1.9rem,5vw,2.9rem);line-height:1.12;letter-spacing:-.022em;margin:0;
text-wrap:balance;overflow-wrap:break-word}
h2{font-size:1.45rem;line-height:1.25;letter-spacing:-.012em;margin:0 0 1rem}
p{margin:0 0 1rem;max-width:42rem;overflow-wrap:break-word}
.intro{font-size:1.2rem;line-height:1.55;color:var(--soft);margin:1.1rem 0 0}
nav{margin-top:1.75rem}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.35rem 1.4rem;margin:0;padding:0;font-size:.95rem}
a{color:var(--accent);text-underline-offset:.2em;text-decoration-thickness:1px}
a:focus-visible,.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
section{margin-top:3.25rem;padding-top:2rem;border-top:1px solid var(--rule)}
figure{margin:1.5rem 0}
figcaption,caption{color:var(--soft);font-size:.92rem;line-height:1.5;text-align:left}
figcaption{margin-top:.7rem;max-width:42rem}
.chart{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:.75rem;
max-width:max-content;overflow-x:auto}
.chart svg{display:block;max-width:100%;height:auto;min-width:17rem}
.chart svg.fovea-svg{color:inherit;background:none}
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:1.25rem;align-items:start}
.row figure{margin:0}
.row+p{margin-top:1.25rem}
img{display:block;max-width:100%;height:auto;border-radius:6px}
img.pixels{image-rendering:pixelated}
.numbers{display:flex;flex-wrap:wrap;gap:1.5rem 3rem;margin:1.5rem 0}
.numbers div{min-width:6.5rem}
.numbers dt{color:var(--soft);font-size:.92rem}
.numbers dd{margin:0;font-size:1.9rem;line-height:1.25;font-weight:600;letter-spacing:-.02em;
font-variant-numeric:tabular-nums}
.gallery{list-style:none;margin:1.5rem 0;padding:0;display:grid;gap:1.25rem 1rem;
grid-template-columns:repeat(auto-fill,minmax(min(8.5rem,100%),1fr))}
.gallery img{width:100%;background:var(--rule)}
.gallery .cap{font-size:.9rem;line-height:1.4;margin-top:.5rem;overflow-wrap:anywhere}
.mark{font-weight:600;white-space:nowrap}
.ok{color:var(--good)}.wrong{color:var(--bad)}
.gallery .wrong-item img{outline:3px solid var(--bad);outline-offset:2px}
.scroll{overflow-x:auto;margin:1.5rem 0}
table{border-collapse:collapse;font-size:.97rem;line-height:1.45;font-variant-numeric:tabular-nums}
caption{caption-side:top;padding-bottom:.6rem}
th,td{padding:.5rem 1.75rem .5rem 0;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
th{font-weight:600}
thead th{color:var(--soft);font-weight:500;font-size:.9rem;border-bottom-color:var(--soft);vertical-align:bottom}
td.num,th.num{text-align:right}
th:last-child,td:last-child{padding-right:0}
.target{display:none}
.target:target{display:block}
.chart a{cursor:pointer}
.chart a:focus-visible rect,.chart a:hover rect{stroke:currentColor;stroke-width:2}
@media(max-width:30rem){.chart{padding:.25rem;border-radius:8px}th,td{padding-right:1rem}}
@media print{body{background:#fff}section{break-inside:avoid}}
`;
