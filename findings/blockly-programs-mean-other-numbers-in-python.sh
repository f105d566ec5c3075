#!/usr/bin/env bash
# Fact: Blockly 13.3.0 makes JavaScript and Python of the same blocks, and they have other results. "Round 2.5" is 3 in JavaScript and 2
#   in Python, "remainder of -7 / 3" is -1 and 2, "-3 is odd" is false and True, "'5' = 5" is true and False, and text joined from
#   6 / 2 is "3" and "3.0". Each generator writes the operator of its language next to the block's name and leaves the difference
#   to the language. The block's own help says of the remainder only that it is what is left from dividing.
# Why it matters: courses run the learner's blocks as JavaScript in the page and show or mark them as Python, because Python comes
#   next. A program that the page showed to be right fails the marker's tests, and "is it odd?", a favourite exercise, is wrong in
#   the page for every negative number. Run and mark in one language, or keep halves and negative numbers out of the tests.
# The guess: a block means one thing, and the languages differ in how it is written.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm, Python 3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent blockly@13.3.0

cat >run.js <<'JS'
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as loaded from "blockly";
import { javascriptGenerator } from "blockly/javascript";
import { pythonGenerator } from "blockly/python";
const { version } = JSON.parse(readFileSync("node_modules/blockly/package.json", "utf8"));
const Blockly = loaded.default ?? loaded;
const number = (value) => ({ block: { type: "math_number", fields: { NUM: value } } });
const text = (value) => ({ block: { type: "text", fields: { TEXT: value } } });
const half = { type: "math_arithmetic", fields: { OP: "DIVIDE" }, inputs: { A: number(6), B: number(2) } };
const cases = [
  // what, block, in JavaScript, in Python
  ["round 2.5", { type: "math_round", fields: { OP: "ROUND" }, inputs: { NUM: number(2.5) } }, "3", "2"],
  ["round 3.5", { type: "math_round", fields: { OP: "ROUND" }, inputs: { NUM: number(3.5) } }, "4", "4"],
  ["remainder of -7 / 3", { type: "math_modulo", inputs: { DIVIDEND: number(-7), DIVISOR: number(3) } }, "-1", "2"],
  ["3 is odd", { type: "math_number_property", fields: { PROPERTY: "ODD" }, inputs: { NUMBER_TO_CHECK: number(3) } }, "true", "True"],
  ["-3 is odd", { type: "math_number_property", fields: { PROPERTY: "ODD" }, inputs: { NUMBER_TO_CHECK: number(-3) } }, "false", "True"],
  ["'5' = 5", { type: "logic_compare", fields: { OP: "EQ" }, inputs: { A: text("5"), B: number(5) } }, "true", "False"],
  [
    "join 'n=' and 6 / 2",
    { type: "text_join", extraState: { itemCount: 2 }, inputs: { ADD0: text("n="), ADD1: { block: half } } },
    "n=3",
    "n=3.0",
  ],
];
console.log(`Blockly ${version}`);
let changed = false;
for (const [what, block, javascript, python] of cases) {
  const workspace = new Blockly.Workspace();
  const print = { type: "text_print", inputs: { TEXT: { block } } };
  Blockly.serialization.workspaces.load({ blocks: { languageVersion: 0, blocks: [print] } }, workspace);
  const printed = [];
  new Function("window", javascriptGenerator.workspaceToCode(workspace))({ alert: (value) => printed.push(String(value)) });
  const inPython = execFileSync("python3", ["-c", pythonGenerator.workspaceToCode(workspace)], { encoding: "utf8" }).trim();
  console.log(`${what.padEnd(20)} JavaScript ${printed[0].padEnd(6)} Python ${inPython}`);
  if (printed.join() !== javascript || inPython !== python) changed = true;
}
if (changed) {
  console.error("changed: expected the last columns of `cases`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
