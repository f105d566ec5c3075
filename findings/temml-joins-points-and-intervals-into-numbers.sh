#!/usr/bin/env bash
# Fact: Temml 0.13.5 makes one number of digits with a comma between them, unless a space follows the comma: (1,234) is not the point
#   with the coordinates 1 and 234 but <mn>1,234</mn> in brackets, and [0,100] holds <mn>0,100</mn>. In TeX such a space means nothing.
#   MathML 3 has <mn> for one numeral (3.2.4) and <mo> for separators (3.2.5). Speech Rule Engine 4.1.5, the voice of MathJax, then
#   leaves out brackets around a single number: an interval and a half-open one lose what makes them so.
# Why it matters: a blind learner hears "0,100" for the interval [0,100] and "0 comma 1" for (0,1], and the set of 10, 100 and 1000
#   as "10,100,100 0", while sighted learners see nothing wrong. Quizzes on coordinates and intervals cannot be answered by ear.
#   Write a space behind the comma of a list; a decimal comma needs none.
# The guess: spaces in TeX's mathematics do not change what a formula is.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent temml@0.13.5 speech-rule-engine@4.1.5

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const temml = require("./node_modules/temml/dist/temml.cjs");
const speech = require("speech-rule-engine");
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
await speech.setupEngine({ locale: "en", domain: "clearspeak", modality: "speech" });
await speech.engineReady();
const cases = [
  // TeX, numbers in the MathML, what is said
  ["(1,234)", "1,234", "1,234"],
  ["(1, 234)", "1|234", "open paren 1 comma 234 close paren"],
  ["[0,100]", "0,100", "0,100"],
  ["[0, 100]", "0|100", "open bracket 0 comma 100 close bracket"],
  ["(0,1]", "0,1", "0 comma 1"],
  ["(0, 1]", "0|1", "open paren 0 comma 1 close bracket"],
  ["f(2,500)", "2,500", "f of 2,500"],
  ["\\{10,100,1000\\}", "10,100,1000", "the set 10,100,100 0"],
  ["\\{10, 100, 1000\\}", "10|100|1000", "the set 10 comma 100 comma 1000"],
  ["3{,}14", "3,14", "3 comma 14"],
];
console.log(["temml", "speech-rule-engine"].map((name) => `${name} ${version(name)}`).join(", "));
let changed = false;
for (const [tex, numbers, said] of cases) {
  const math = temml.renderToString(tex);
  const found = [...math.matchAll(/<mn>(.*?)<\/mn>/g)].map(([, number]) => number).join("|");
  const heard = speech.toSpeech(math);
  console.log(`${tex.padEnd(19)} numbers ${found.padEnd(12)} said: ${heard}`);
  if (found !== numbers || heard !== said) changed = true;
}
if (changed) {
  console.error("changed: expected the last columns of `cases`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
