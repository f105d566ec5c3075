#!/usr/bin/env bash
# Fact: turndown 7.2.5, which turns HTML into Markdown, joins the parts of numbers and formulas: 10<sup>3</sup> becomes 103,
#   H<sub>2</sub>O becomes H2O, and one half in MathML becomes 12. It takes the text of elements it does not know, as its
#   README says, and reports nothing. In TeX between \( and \) it puts backslashes before _ and \, so \frac becomes \\frac.
# Why it matters: whoever brings Canvas or Moodle pages into Markdown has mathematics and chemistry in them. A thousand metres become
#   103 in the task while the answer key says 1000, and nobody who imports 400 pages sees it. Give turndown rules for sup, sub
#   and math (keep them as HTML, or write powers with ^ and fractions with /), and take formulas out before converting.
# The guess: what Markdown cannot say is kept or lost, and no other number comes of it.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent turndown@7.2.5

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import Turndown from "turndown";
const { version } = JSON.parse(readFileSync("node_modules/turndown/package.json", "utf8"));
const half = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mn>1</mn><mn>2</mn></mfrac></math>';
const cases = [
  // HTML, Markdown seen
  ["<p>How many metres are 10<sup>3</sup> m?</p>", "How many metres are 103 m?"],
  ["<p>2<sup>10</sup> bytes</p>", "210 bytes"],
  ["<p>H<sub>2</sub>O</p>", "H2O"],
  [`<p>Take ${half} of it.</p>`, "Take 12 of it."],
  ["<p>\\(\\frac{x_1}{2}\\)</p>", "\\\\(\\\\frac{x\\_1}{2}\\\\)"],
];
console.log(`turndown ${version}`);
let changed = false;
const plain = new Turndown();
for (const [html, expected] of cases) {
  const markdown = plain.turndown(html);
  console.log(`${html.replace(/ xmlns="[^"]*"/, "")}\n  ${markdown}`);
  if (markdown !== expected) changed = true;
}
const keeping = new Turndown();
keeping.keep(["sup", "sub", "math"]);
console.log("with keep([sup, sub, math])");
for (const [html] of cases.slice(0, 4)) {
  const markdown = keeping.turndown(html);
  console.log(`  ${markdown.replace(/ xmlns="[^"]*"/, "")}`);
  if (markdown !== html.replace(/<\/?p>/g, "")) changed = true;
}
if (changed) {
  console.error("changed: expected the second column of `cases`, and the HTML itself where it is kept");
  process.exit(1);
}
console.log("as described");
JS
node run.js
