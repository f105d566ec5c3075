#!/usr/bin/env bash
# Fact: two evaluators of typed mathematics read common notation as something else, without an error. evaluatex 2.2.0, in its mode for
#   LaTeX, takes \sqrt[3]{8} for the root of 3 times 8, and \sin 30 for the sine of 3 times 0 (so \sin 10 is 0 too); with braces
#   or brackets around the number it is right. math-expression-evaluator 2.0.7 takes 3e8 for 3 times Euler's number times 8, and
#   log2(8) for the logarithm of 2, times 8. Its README names e as Euler's number, and says nothing of numbers in this notation.
# Why it matters: both are used to mark numeric answers. The speed of light typed as 3e8 is 65.2 and wrong; the cube root of 8 is
#   13.9, so the right answer 2 fails and nobody sees a message. Read a plain number as a number before any evaluator does,
#   and refuse names and forms that are not on a list of your own.
# The guess: an evaluator refuses what it does not know.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent evaluatex@2.2.0 math-expression-evaluator@2.0.7

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import loadedTex from "evaluatex";
import Loaded from "math-expression-evaluator";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const evaluatex = loadedTex.default ?? loadedTex;
const Evaluator = Loaded.default ?? Loaded;
const calculator = new Evaluator();
const tex = (text) => evaluatex(text, {}, { latex: true })();
const plain = (text) => calculator.eval(text);
const cases = [
  // evaluator, text, in mathematics, seen
  ["evaluatex", tex, "\\sqrt[3]{8}", 2, Math.sqrt(3) * 8],
  ["evaluatex", tex, "\\sqrt{16}", 4, 4],
  ["evaluatex", tex, "\\sin 30", Math.sin(30), 0],
  ["evaluatex", tex, "\\sin 10", Math.sin(10), 0],
  ["evaluatex", tex, "\\sin{30}", Math.sin(30), Math.sin(30)],
  ["math-expression-evaluator", plain, "3e8", 3e8, 3 * Math.E * 8],
  ["math-expression-evaluator", plain, "3*10^8", 3e8, 3e8],
  ["math-expression-evaluator", plain, "log2(8)", 3, Math.log10(2) * 8],
];
console.log(["evaluatex", "math-expression-evaluator"].map((name) => `${name} ${version(name)}`).join(", "));
let changed = false;
for (const [name, evaluate, text, right, expected] of cases) {
  const seen = evaluate(text);
  console.log(`${name.padEnd(25)} ${text.padEnd(11)} in mathematics ${String(right).padEnd(20)} seen ${seen}`);
  if (Math.abs(seen - expected) > 1e-9) changed = true;
}
if (changed) {
  console.error("changed: expected the last column of `cases`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
