#!/usr/bin/env bash
# Fact: an engine of @cortex-js/compute-engine 0.140.0 that reads x(y+1) takes x for a function, and keeps to it: from then on 2(x+1)
#   is no number any more, in every later call of the same engine. n(n+1) it reads as a product. And 0{,}75, LaTeX's way to
#   write a decimal comma, is 75 without an error, 1{,}5 is 15, unless decimalSeparator is set.
# Why it matters: whoever marks answers keeps one engine, because it is slow to make. One learner types x(y+1), and from then on
#   right answers of others in the same worker are wrong, until it restarts; no test of a single answer shows it. In most of
#   Europe a learner's 0,75 is taken for 75. Use an engine for each answer, or declare the letters of the item as numbers, and
#   give parse() the separator of the learner's language.
# The guess: parse() depends on the text and the settings, and 0{,}75 is three quarters or an error.
# Date: 2026-11-30
# Needs: Node 22 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @cortex-js/compute-engine@0.140.0

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { ComputeEngine } from "@cortex-js/compute-engine";
const { version } = JSON.parse(readFileSync("node_modules/@cortex-js/compute-engine/package.json", "utf8"));
/** Whether an engine that has read other answers takes 2(1+x) for 2(x+1), and whether it can read it at all. */
const after = (others, declared = []) => {
  const engine = new ComputeEngine();
  for (const letter of declared) engine.declare(letter, "real");
  for (const other of others) engine.parse(other);
  const [key, answer] = ["2(x+1)", "2(1+x)"].map((text) => engine.parse(text));
  return `read ${answer.isValid}, equal ${key.isEqual(answer)}`;
};
const number = (text, options) => new ComputeEngine().parse(text, options).json;
const seen = {
  "2(1+x) for 2(x+1), new engine": after([]),
  "after x+y": after(["x+y"]),
  "after x(y+1)": after(["x(y+1)"]),
  "after x(y+1), x and y declared": after(["x(y+1)"], ["x", "y"]),
  "n(n+1)": JSON.stringify(number("n(n+1)")),
  "0{,}75": number("0{,}75"),
  "1{,}5": number("1{,}5"),
  "0{,}75 with decimalSeparator": number("0{,}75", { decimalSeparator: "{,}" }),
};
console.log(`@cortex-js/compute-engine ${version}`);
for (const [what, result] of Object.entries(seen)) console.log(`${what.padEnd(31)} ${result}`);
const expected = [
  "read true, equal true",
  "read true, equal true",
  "read false, equal undefined",
  "read true, equal true",
  '["Multiply","n",["Add","n",1]]',
  75,
  15,
  0.75,
];
if (JSON.stringify(Object.values(seen)) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
