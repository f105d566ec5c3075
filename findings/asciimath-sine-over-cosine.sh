#!/usr/bin/env bash
# Fact: asciimath-parser 0.6.11 puts only the bracket or letter next to the sign into a fraction: sin(x)/cos(x) becomes sin of a
#   fraction "x over cos", followed by a loose (x); f(x)/g(x) likewise, and a/b/c becomes a over (b over c). In AsciiMath a
#   function takes its argument before "/" does (grammar and "functions hack" in ASCIIMathML.js, which is the reference).
#   asciimath2tex 1.5.0 reads these as the reference does.
# Why it matters: teachers type AsciiMath because it needs no TeX, and tan = sin/cos is in every course on trigonometry. The formula
#   on the page is another one than the author typed, well set and without an error; only a reader who knows it sees it.
#   Where this parser is used, authors have to write (sin(x))/(cos(x)): show the picture while they type.
# The guess: two converters from AsciiMath to TeX read sin(x)/cos(x) alike.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent asciimath-parser@0.6.11 asciimath2tex@1.5.0

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { AsciiMath } from "asciimath-parser";
const toTex = createRequire(import.meta.url)("asciimath2tex");
const Other = toTex.default ?? toTex;
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
/** Space and stretch of brackets have no meaning here. */
const bare = (tex) => tex.replace(/\\(?:left|right)(?![a-z])/g, "").replace(/\s+/g, "").replaceAll("{(x)}", "(x)");
const parser = new AsciiMath({ display: false });
const other = new Other();
const cases = [
  // AsciiMath, asciimath-parser, asciimath2tex
  ["sin(x)/cos(x)", "\\sin\\frac{x}{\\cos}(x)", "\\frac{\\sin(x)}{\\cos(x)}"],
  ["f(x)/g(x)", "f\\frac{x}{g}(x)", "\\frac{f(x)}{g(x)}"],
  ["sin x/y", "\\sin\\frac{x}{y}", "\\frac{\\sin{x}}{y}"],
  ["a/b/c", "\\frac{a}{\\frac{b}{c}}", "\\frac{a}{b}/c"],
  ["(a+b)/c", "\\frac{a+b}{c}", "\\frac{a+b}{c}"],
];
console.log(`asciimath-parser ${version("asciimath-parser")}, asciimath2tex ${version("asciimath2tex")}`);
const seen = cases.map(([text]) => [text, bare(parser.toTex(text)), bare(other.parse(text))]);
for (const [text, one, two] of seen) console.log(`${text.padEnd(15)} ${one.padEnd(26)} ${two}`);
if (JSON.stringify(seen) !== JSON.stringify(cases)) {
  console.error(`changed: expected ${JSON.stringify(cases)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
