#!/usr/bin/env bash
# Fact: MathLive 0.111.1 turns the formula in its field into AsciiMath and MathML, and loses parts of it. A line over digits is dropped
#   with what is under it: the recurring decimal 0.\overline{3} becomes "0.", in both (for MathML with a note on the console). A fraction
#   to a power becomes (a+b)/(c)^2 in AsciiMath, where only the denominator is squared: a power binds before "/" (grammar of
#   ASCIIMathML.js). 2\frac12, in its MathML a mixed number (invisible plus, U+2064), becomes 2(1)/(2). And root(3)(x), which it
#   writes for a cube root, it does not read back as one.
# Why it matters: AsciiMath is what a page with this field sends to a marker, because calculators read it and LaTeX is hard to read.
#   A learner who types 0.333... with the bar, or squares a fraction, sees the right formula on the screen and is marked
#   wrong, or for another value. Store the LaTeX, and mark from the LaTeX.
# The guess: the formats that a formula editor offers all mean the formula that it shows.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent mathlive@0.111.1 mathjs@15.2.0

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { all, create } from "mathjs";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const math = create(all);
const say = console.log;
for (const name of ["log", "info", "warn", "error"]) console[name] = () => {}; // It prints what it cannot turn into MathML.
const { convertAsciiMathToLatex, convertLatexToAsciiMath, convertLatexToMathMl } = await import("mathlive/ssr");
const cases = [
  // LaTeX, its value, AsciiMath, the value of that
  ["0.\\overline{3}", 1 / 3, "0.", 0],
  ["\\frac{3+1}{2}^2", 4, "(3+1)/(2)^2", 1],
  ["\\left(\\frac{3+1}{2}\\right)^2", 4, "((3+1)/(2))^2", 4],
  ["2\\frac12", 2.5, "2(1)/(2)", 1],
  ["\\frac{1}{2}", 0.5, "(1)/(2)", 0.5],
];
say(`mathlive ${version("mathlive")}; values by mathjs ${version("mathjs")}`);
let changed = false;
for (const [latex, value, ascii, expected] of cases) {
  const written = convertLatexToAsciiMath(latex);
  const seen = math.evaluate(written);
  say(`${latex.padEnd(30)} = ${value.toFixed(4)}   AsciiMath ${written.padEnd(15)} = ${seen}`);
  if (written !== ascii || seen !== expected) changed = true;
}
const recurring = convertLatexToMathMl("0.\\overline{3}");
const mixed = convertLatexToMathMl("2\\frac12");
const root = convertLatexToAsciiMath("\\sqrt[3]{x}");
const back = convertAsciiMathToLatex(root);
say(`MathML of 0.\\overline{3}: ${recurring}`);
say(`MathML of 2\\frac12: ${mixed}`);
say(`\\sqrt[3]{x} -> ${root} -> ${back}`);
const others = [recurring, mixed.includes("&#x2064;"), root, back];
if (changed || others.join() !== ["<mn>0.</mn>", true, "root(3)(x)", "root\\left(3\\right)\\left(x\\right)"].join()) {
  say("changed: expected the last columns of `cases`, a lost bar and a root that does not come back");
  process.exit(1);
}
say("as described");
JS
node run.js
