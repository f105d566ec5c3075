/**
 * The style of the reference page. Colours come in pairs for light and dark with a contrast of at least 4.5 to 1
 * (WCAG 2.2, criterion 1.4.3); nothing is said by colour alone.
 */
export const DOCS_STYLE = `
:root { color-scheme: light dark; --ink: #1c2126; --soft: #545d66; --paper: #fff; --panel: #f4f6f8; --line: #d5dae0;
  --link: #0b57a4; --mark: #8a3b00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --soft: #a3acb5; --paper: #15191d; --panel: #1f252b; --line: #38414a; --link: #86bdf5;
    --mark: #f0ae78; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans SC", sans-serif; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, pre:focus-visible, main:focus-visible { outline: 3px solid var(--link);
  outline-offset: 2px; }
.skip { position: absolute; left: -99rem; padding: .5rem 1rem; background: var(--paper); }
.skip:focus { left: .5rem; top: .5rem; z-index: 1; }
.frame { display: grid; grid-template-columns: minmax(14rem, 19rem) minmax(0, 1fr); max-width: 90rem; margin: auto; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 1rem;
  border-right: 1px solid var(--line); font-size: .875rem; }
nav ul { list-style: none; margin: 0; padding: 0 0 0 .75rem; }
nav > ul { padding: 0; }
nav a { display: block; padding: .25rem 0; text-decoration: none; overflow-wrap: anywhere; }
nav a:hover { text-decoration: underline; }
main { padding: 1.5rem clamp(1rem, 3vw, 3rem) 6rem; }
h1 { margin: 0; line-height: 1.2; }
h2 { margin: 3rem 0 .5rem; padding-bottom: .25rem; border-bottom: 2px solid var(--line); }
h3 { margin: 0 0 .25rem; font-size: 1.0625rem; overflow-wrap: anywhere; }
h3 code { background: none; padding: 0; }
h4 { margin: 1.25rem 0 .25rem; font-size: .9375rem; }
p { margin: .25rem 0 .5rem; max-width: 46rem; }
code, pre { font: .875em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
code { background: var(--panel); padding: .1em .3em; border-radius: .2em; overflow-wrap: anywhere; }
pre { margin: .5rem 0; padding: .75rem 1rem; background: var(--panel); border: 1px solid var(--line);
  border-radius: .375rem; overflow-x: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
.operation, .schema { margin: 1.5rem 0; padding: 1rem 1.25rem; border: 1px solid var(--line);
  border-radius: .5rem; }
.method { display: inline-block; min-width: 4.5em; padding: 0 .4em; border: 1px solid currentColor;
  border-radius: .25em; font-size: .8125rem; font-weight: 700; text-align: center; }
nav .method { border: 0; min-width: 0; padding: 0; color: var(--soft); font-size: .75rem; font-weight: 400; }
.policy { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0; }
.policy div { display: flex; gap: .4rem; }
.policy dt, .type, .quiet { color: var(--soft); }
.policy dd { margin: 0; }
.props { margin: .25rem 0 .75rem; border-left: 3px solid var(--line); padding-left: 1rem; }
.props > div { padding: .35rem 0; }
.props dd { margin: 0; }
.props p { margin: 0 0 .15rem; }
.option { margin-left: .25rem; }
.type { font-size: .9375rem; }
.required, .deprecated { color: var(--mark); font-size: .8125rem; }
details { margin: .4rem 0; }
summary { cursor: pointer; padding: .25rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
:target { outline: 2px solid var(--link); outline-offset: 4px; }
@media (max-width: 52rem) {
  .frame { display: block; }
  nav { position: static; max-height: none; border-right: 0; border-bottom: 1px solid var(--line); }
  .operation, .schema { padding: .75rem; } }
@media print { nav, .skip { display: none; } .frame { display: block; } .operation { break-inside: avoid; } }
`;
